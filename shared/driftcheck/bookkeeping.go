package driftcheck

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// bookkeeping is ours, Helm's and the cluster's own: an object that says nothing
// of what may happen. Whoever writes an object chooses its type and labels, so
// that it has to have the name and the keys of the real one, and no more.
func bookkeeping(o *unstructured.Unstructured) bool {
	if group := o.GroupVersionKind().Group; group != "" {
		return builtIn(o, group)
	}
	if o.GetLabels()[configLabel] != "" {
		return false
	}
	kind, _, _ := unstructured.NestedString(o.Object, "type")
	switch name := o.GetName(); o.GetKind() {
	case "ConfigMap":
		return name == "kube-root-ca.crt" && holdsOnly(o, "ca.crt") || name == "istio-ca-root-cert" && holdsOnly(o, "root-cert.pem") || record(o)
	case "Secret":
		return kind == "clawql.io/deploy" && name == "clawql-deploy-before" && holdsOnly(o, "objects.json.gz") ||
			kind == "helm.sh/release.v1" && strings.HasPrefix(name, "sh.helm.release.v1.") && holdsOnly(o, "release")
	}
	return false
}

// systemClasses are those of each API server, with their values.
var systemClasses = map[string]int64{"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}

// builtIn says whether an object is one that each API server makes for itself:
// what it serves without another server's help is a matter of its version.
func builtIn(o *unstructured.Unstructured, group string) bool {
	switch o.GetKind() + "." + group {
	case "APIService.apiregistration.k8s.io":
		service, _, err := unstructured.NestedFieldNoCopy(o.Object, "spec", "service")
		return err == nil && service == nil
	case "PriorityClass.scheduling.k8s.io":
		value, is, err := unstructured.NestedInt64(o.Object, "value")
		defaults, preempts := o.Object["globalDefault"], o.Object["preemptionPolicy"]
		own := is && value != 0 && value == systemClasses[o.GetName()]
		return err == nil && own && (defaults == nil || defaults == false) && (preempts == nil || preempts == "PreemptLowerPriority")
	}
	return false
}

var number = regexp.MustCompile(`^[0-9]{1,19}$`)

// record is a history of comparisons (shared/driftstore), or what is kept of a
// deploy (shared/cluster).
func record(o *unstructured.Unstructured) bool {
	labels := o.GetLabels()
	switch deploy := labels["clawql.io/deploy"]; labels["clawql.io/record"] {
	case "drift-history":
		return o.GetName() == "clawql-drift-history" && holdsOnly(o, "history.json")
	case "deploy":
		return number.MatchString(deploy) && o.GetName() == "clawql-deploy-"+deploy && holdsOnly(o, "record.json")
	}
	return false
}

// holdsOnly says whether a value under this one key is all that an object has.
func holdsOnly(o *unstructured.Unstructured, name string) bool {
	for field := range o.Object {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"}, field) {
			return false
		}
	}
	keys := map[string]bool{}
	for _, part := range []string{"data", "stringData"} {
		values, _, err := unstructured.NestedMap(o.Object, part)
		if err != nil {
			return false
		}
		for key := range values {
			keys[key] = true
		}
	}
	return len(keys) == 1 && keys[name]
}

// withoutToken leaves of a token that lasts, a Secret, that there is one and for
// which service account: the rest the cluster draws.
func withoutToken(o *unstructured.Unstructured) {
	kind, _, _ := unstructured.NestedString(o.Object, "type")
	if !isSecret(o) || kind != "kubernetes.io/service-account-token" {
		return
	}
	for _, drawn := range [][]string{
		{"metadata", "annotations", "kubernetes.io/service-account.uid"}, {"metadata", "labels", "kubernetes.io/legacy-token-last-used"},
		{"data", "token"}, {"data", "ca.crt"}, {"data", "namespace"}, {"stringData", "token"}, {"stringData", "ca.crt"}, {"stringData", "namespace"},
	} {
		unstructured.RemoveNestedField(o.Object, drawn...)
		if rest, isMap, _ := unstructured.NestedMap(o.Object, drawn[:len(drawn)-1]...); isMap && len(rest) == 0 {
			unstructured.RemoveNestedField(o.Object, drawn[:len(drawn)-1]...)
		}
	}
}
