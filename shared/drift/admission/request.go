package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Request is the creation of one object that fails the tests of one rule and
// passes those of all others, by somebody whom no rule names.
type Request struct {
	Policy finding.Object
	Rule   string // of a Kyverno policy
	Tests  string // what the object fails, as canonical JSON
	Down   bool   // or: what could not be tested

	Group, Version, Kind string
	Resource             string // its plural; "" where only the kind is known
	Namespace, Name      string // no namespace where the kind has none
	// Labels of the object and of its namespace that policies ask about, beside
	// kubernetes.io/metadata.name. What the tests themselves look at is not here.
	Labels, NamespaceLabels map[string]string
}

// Names that no policy is expected to mention.
const (
	someNamespace = "some-namespace"
	someName      = "some-name"
)

func (r Request) String() string {
	what := "create " + article(r.Kind)
	if r.Name != someName {
		what += " " + r.Name
	}
	if r.Namespace != "" && r.Namespace != someNamespace {
		what += " in namespace " + r.Namespace
	}
	if len(r.NamespaceLabels) > 0 {
		what += " in a namespace with " + listed(r.NamespaceLabels)
	}
	if len(r.Labels) > 0 {
		what += " with " + listed(r.Labels)
	}
	fails := " that fails " + r.Policy.Kind + " " + r.Policy.String()
	if r.Down {
		fails = " that " + r.Policy.Kind + " " + r.Policy.String() + " could not test"
	}
	if r.Rule != "" {
		fails += ", rule " + r.Rule
	}
	return what + fails
}

func article(kind string) string {
	if strings.ContainsAny(kind[:1], "AEIOU") {
		return "an " + kind
	}
	return "a " + kind
}

func listed(set map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		parts = append(parts, key+"="+set[key])
	}
	return strings.Join(parts, ",")
}

func (r Request) details() map[string]string {
	d := map[string]string{"policy": r.Policy.String(), "rule": r.Rule, "kind": r.Kind, "namespace": r.Namespace, "name": r.Name}
	if r.Group+r.Version != "" {
		d["apiVersion"] = strings.TrimPrefix(r.Group+"/"+r.Version, "/")
	}
	for prefix, set := range map[string]map[string]string{"label ": r.Labels, "namespace label ": r.NamespaceLabels} {
		for key, value := range set {
			d[prefix+key] = value
		}
	}
	if r.Down {
		d["untested"] = "true"
	}
	return d
}

// kind is what is known of a kind of Kubernetes' own.
type kind struct {
	group, version, name, plural string
	namespaced                   bool
}

var kinds = []kind{
	{"", "v1", "ConfigMap", "configmaps", true},
	{"", "v1", "Pod", "pods", true},
	{"", "v1", "Service", "services", true},
	{"", "v1", "Secret", "secrets", true},
	{"", "v1", "ServiceAccount", "serviceaccounts", true},
	{"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true},
	{"", "v1", "ReplicationController", "replicationcontrollers", true},
	{"", "v1", "LimitRange", "limitranges", true},
	{"", "v1", "ResourceQuota", "resourcequotas", true},
	{"", "v1", "Namespace", "namespaces", false},
	{"", "v1", "PersistentVolume", "persistentvolumes", false},
	{"apps", "v1", "Deployment", "deployments", true},
	{"apps", "v1", "StatefulSet", "statefulsets", true},
	{"apps", "v1", "DaemonSet", "daemonsets", true},
	{"apps", "v1", "ReplicaSet", "replicasets", true},
	{"batch", "v1", "Job", "jobs", true},
	{"batch", "v1", "CronJob", "cronjobs", true},
	{"networking.k8s.io", "v1", "Ingress", "ingresses", true},
	{"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true},
	{"rbac.authorization.k8s.io", "v1", "Role", "roles", true},
	{"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", true},
	{"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false},
	{"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false},
}

// on is a request for a kind: of a new name in a new namespace.
func (k kind) on() Request {
	r := Request{Group: k.group, Version: k.version, Kind: k.name, Resource: k.plural, Name: someName}
	if k.namespaced {
		r.Namespace = someNamespace
	}
	return r
}

func known(name string) (kind, bool) {
	at := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if at < 0 {
		return kind{name: name}, false
	}
	return kinds[at], true
}

// space are the values that requests are tried with, beside new ones.
type space struct {
	namespaces, names       []string
	labels, namespaceLabels []map[string]string
	tried                   int
}

// limit of the requests that are tried for one rule.
const limit = 4000

// tries are requests about a kind, the plainest first.
func (s *space) tries(k kind, try func(Request) (stop bool)) {
	base := k.on()
	namespaces := append([]string{base.Namespace}, s.namespaces...)
	if base.Namespace == "" {
		namespaces = namespaces[:1]
	}
	for _, namespaceLabels := range append([]map[string]string{nil}, s.namespaceLabels...) {
		for _, labels := range append([]map[string]string{nil}, s.labels...) {
			for _, namespace := range namespaces {
				for _, name := range append([]string{base.Name}, s.names...) {
					r := base
					r.Namespace, r.Name, r.Labels, r.NamespaceLabels = namespace, name, labels, namespaceLabels
					if s.tried++; s.tried > limit || (namespace == "" && namespaceLabels != nil) {
						return
					}
					if try(r) {
						return
					}
				}
			}
		}
	}
}

func words(value any) []string {
	var list []string
	items, _ := value.([]any)
	for _, one := range items {
		list = append(list, fmt.Sprint(one))
	}
	return list
}
