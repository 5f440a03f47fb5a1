package clusterread

import (
	"net/url"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/project"
)

// Place is where a context leads to.
type Place struct {
	Server string // URL of the API server
	CA     []byte // PEM of who signed its certificate; nil is the system's
	// Local says whether the API server has a loopback address, by its number
	// or as localhost, that is reached without a proxy: behind one, loopback is
	// another machine's. A tunnel cannot be told from a local server.
	Local bool
}

// PlaceOf reads the kubeconfig and asks nobody. Of a context that is not there
// it is empty.
func PlaceOf(s Source) Place {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = s.Kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: s.Context}).ClientConfig()
	if err != nil || rest.LoadTLSFiles(config) != nil {
		return Place{}
	}
	p := Place{Server: config.Host, CA: config.CAData}
	if u, err := url.Parse(config.Host); err == nil && config.Proxy == nil {
		p.Local = project.LoopbackHost(u.Hostname())
	}
	return p
}
