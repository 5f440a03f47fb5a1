package driftjob

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Where the run finds what it shows to Vault.
const (
	VaultSecret    = "clawql-drift-vault" // made by the user, where tokens come from variables
	VaultTokenFile = vaultFolder + "/token"
	vaultFolder    = "/var/run/secrets/clawql-vault"
)

// VaultAudience is that of the projected token, unless another is named.
const VaultAudience = "vault"

// Vault is the Vault of one environment, as the run reads it.
type Vault struct {
	Environment string
	project.Vault
	Service *Service // that its address names, nil for none
}

// Service is where a Service of the cluster leads: a network policy sees its
// pods.
type Service struct {
	Namespace string
	Selector  map[string]string
	Port      intstr.IntOrString // of the pods
}

// Host is the name or number of the host, and its port.
func (v Vault) Host() (host string, port int32) {
	u, err := url.Parse(v.Address)
	if err != nil {
		return "", 0
	}
	port = 443
	if n, err := strconv.ParseInt(u.Port(), 10, 32); err == nil {
		port = int32(n)
	}
	return u.Hostname(), port
}

// InCluster gives namespace and name of the Service that the host is.
func (v Vault) InCluster() (namespace, name string, is bool) {
	host, _ := v.Host()
	parts := strings.Split(strings.TrimSuffix(host, ".cluster.local"), ".")
	if len(parts) != 3 || parts[2] != "svc" {
		return "", "", false
	}
	return parts[1], parts[0], true
}

// checkVaults: a run that cannot reach a Vault, or log in there, would be
// incomplete each month.
func (s Spec) checkVaults() error {
	for _, v := range s.Vaults {
		at := "clawql.yaml: environments." + v.Environment + ".vault"
		switch {
		case v.Local():
			return fault.Usage("%s.address %q is of your machine: the run, in the cluster, cannot reach it", at, v.Address)
		case v.Token.File != "":
			return fault.Usage("%s.token.file is a file that is not there in the cluster", at).
				Hint("there a pod logs in: `token: {kubernetes: {role: ROLE}}`; or take it from a variable, `token: {env: NAME}`")
		case v.Service == nil && !s.egressHolds(v):
			host, port := v.Host()
			return fault.Usage("clawql.yaml: drift.egress does not let the run connect to the Vault of %s, %s:%d", v.Environment, host, port).
				Hint("add its network: `egress: [{cidr: ..., ports: [%d]}]`", port)
		}
	}
	return nil
}

// egressHolds: of a name only the port can be judged.
func (s Spec) egressHolds(v Vault) bool {
	host, port := v.Host()
	address, err := netip.ParseAddr(host)
	return slices.ContainsFunc(s.Egress, func(e project.Egress) bool {
		network, bad := netip.ParsePrefix(e.CIDR)
		return slices.Contains(e.Ports, port) && (err != nil || bad == nil && network.Contains(address.Unmap()))
	})
}

// vaultEgress is the way to Vaults that are Services of the cluster; others are
// in drift.egress.
func (s Spec) vaultEgress() (rules []networkingv1.NetworkPolicyEgressRule) {
	tcp := corev1.ProtocolTCP
	for _, v := range s.Vaults {
		if v.Service == nil {
			continue
		}
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{
			To: []networkingv1.NetworkPolicyPeer{{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": v.Service.Namespace}},
				PodSelector:       &metav1.LabelSelector{MatchLabels: v.Service.Selector},
			}},
			Ports: []networkingv1.NetworkPolicyPort{{Protocol: &tcp, Port: &v.Service.Port}},
		})
	}
	return rules
}

// logsIn says whether the run shows a token of its own to a Vault.
func (s Spec) logsIn() bool {
	return slices.ContainsFunc(s.Vaults, func(v Vault) bool { return v.Token.Kubernetes != nil })
}

// vaultVariables are those that tokens come from.
func (s Spec) vaultVariables() (names []string) {
	for _, v := range s.Vaults {
		if v.Token.Env != "" {
			names = append(names, v.Token.Env)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// vaultToken is a projected token for Vault alone: the API server does not take
// it, and Vault none of the API server's.
func (s Spec) vaultToken() *corev1.ProjectedVolumeSource {
	mode, life := int32(fileMode), int64(tokenSeconds)
	return &corev1.ProjectedVolumeSource{DefaultMode: &mode, Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", Audience: s.VaultAudience, ExpirationSeconds: &life}},
	}}
}

// VaultNeeds are the things of Vault that only the user can make.
func (s Spec) VaultNeeds() (list []string) {
	if names := s.vaultVariables(); len(names) > 0 {
		list = append(list, "Secret "+Namespace+"/"+VaultSecret+" with tokens of Vault: "+strings.Join(names, ", "))
	}
	for _, v := range s.Vaults {
		if k := v.Token.Kubernetes; k != nil {
			list = append(list, "role "+k.Role+" of auth/"+k.Mount+" in Vault "+v.Address+", for ServiceAccount "+Namespace+"/"+Name+" and audience "+s.VaultAudience+", with the policy of `drift rbac "+v.Environment+" --vault`")
		}
	}
	return list
}
