// Package driftjob makes the objects of the monthly comparison in a cluster:
// who reads, with which rights, the two CronJobs, and where they may connect
// to. It is pure.
package driftjob

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/release"
)

// Names of what is made.
const (
	Namespace    = "clawql-drift" // of its own, so that it is no part of what is compared
	Name         = "clawql-drift"
	CheckName    = "clawql-drift-check"
	ConfigName   = "clawql-drift-config"
	AlertsSecret = "clawql-drift-alerts" // made by the user; holds the URLs
	AlertsFolder = "/etc/clawql/alerts"  // where it is mounted
	ManagedBy    = "clawql-drift"        // value of the label app.kubernetes.io/managed-by
)

// When they run, UTC.
const (
	Monthly = "17 4 1 * *"
	Daily   = "17 5 * * *"
)

// Spec is what a schedule is made from.
type Spec struct {
	Image            string   // by digest
	From, To         string   // environments of clawql.yaml
	FromContext      string   // of the kubeconfig
	ToContext        string   // the cluster in which it runs
	Args             []string // further flags of `drift run`: the mappings
	Project          []byte   // clawql.yaml, as it is
	Alerts           []project.Alert
	Egress           []project.Egress
	CA               []byte           // certificates (PEM) that it trusts beside the public ones
	Server           netip.AddrPort   // the API server's Service, in the cluster in which it runs
	APIServer        []netip.AddrPort // and all addresses at which that is
	KubeconfigSecret string           // of the other cluster; empty where there is only one
	Vaults           []Vault
	VaultAudience    string
	Namespaces       map[string][]string // to be read, by context
	NamespaceRules   []rbacv1.PolicyRule
	ClusterRules     []rbacv1.PolicyRule
	HistoryName      string
	HistoryLabel     [2]string // key and value
}

var digestForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._/:-]*@sha256:[a-f0-9]{64}$`)

// Check says what is wrong with the spec (fault.Usage): a schedule that could
// not read, or could not tell anybody, is none.
func (s Spec) Check() error {
	switch {
	case !digestForm.MatchString(s.Image):
		return fault.Usage("--image %q is no image by digest; write REPOSITORY@sha256:...", s.Image).
			Hint("%s", whereImageIs(release.Version()))
	case len(s.APIServer) == 0 || !s.Server.IsValid():
		return fault.Unable("schedule: the API server's own addresses are not known, so that nothing could be allowed to connect to it")
	case s.FromContext != s.ToContext && s.KubeconfigSecret == "":
		return fault.Usage("%s is in another cluster (context %s) than %s: the run needs a kubeconfig for it", s.From, s.FromContext, s.To).
			Hint("put one that may only read in a Secret of namespace %s, under the key kubeconfig, with the context's name %s, and name it: --kubeconfig-secret NAME", Namespace, s.FromContext)
	}
	if err := s.checkAlerts(); err != nil {
		return err
	}
	if err := checkCA(s.CA); err != nil {
		return err
	}
	if err := s.checkVaults(); err != nil {
		return err
	}
	if s.leaves() && len(s.Egress) == 0 {
		return fault.Usage("clawql.yaml: drift.egress is empty, but alerts, or the other cluster, are to be reached from the run").
			Hint("name the networks and ports: `egress: [{cidr: 203.0.113.0/24, ports: [443]}]`; everything else stays closed")
	}
	return nil
}

// checkAlerts: the worst must be told to somebody, the dead man's alert is one.
func (s Spec) checkAlerts() error {
	told := func(a project.Alert) bool { return slices.Contains(a.Severities, "critical") }
	if !slices.ContainsFunc(s.Alerts, told) {
		return fault.Usage("clawql.yaml: no route of drift.alerts takes critical: the schedule would tell nobody")
	}
	for _, a := range s.Alerts {
		if path := a.URLFrom.File; path != "" && fileKey(path) == "" {
			return fault.Usage("clawql.yaml: route %s reads its URL from %s, which is not there in the cluster", a.Name, path).
				Hint("there the Secret %s is mounted at %s: name a file directly in it", AlertsSecret, AlertsFolder)
		}
	}
	return nil
}

// leaves says whether the run connects to anything but its own API server.
func (s Spec) leaves() bool { return len(s.Alerts) > 0 || s.FromContext != s.ToContext }

// fileKey is the key of the alerts' Secret that a path means, empty for none.
func fileKey(path string) string {
	const folder = AlertsFolder + "/"
	if len(path) <= len(folder) || path[:len(folder)] != folder || !keyForm.MatchString(path[len(folder):]) {
		return ""
	}
	return path[len(folder):]
}

var keyForm = regexp.MustCompile(`^[-A-Za-z0-9_][-._A-Za-z0-9]*$`)

// SecretKeys are what the user's Secret of alerts has to hold.
func (s Spec) SecretKeys() (keys []string) {
	for _, a := range s.Alerts {
		keys = append(keys, cmp.Or(a.URLFrom.Env, fileKey(a.URLFrom.File)))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
