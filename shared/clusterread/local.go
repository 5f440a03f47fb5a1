package clusterread

import (
	"net/url"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/project"
)

// Local says whether the API server of the context has a loopback address, by
// its number or as localhost, that is reached without a proxy: behind one,
// loopback is another machine's. A tunnel cannot be told from a local server.
func Local(s Source) bool {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = s.Kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: s.Context}).ClientConfig()
	if err != nil || config.Proxy != nil {
		return false
	}
	u, err := url.Parse(config.Host)
	return err == nil && project.LoopbackHost(u.Hostname())
}
