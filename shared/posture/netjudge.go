package posture

import (
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// judgePolicy refuses a policy of the overlay that undoes the default deny.
// Narrow allowances are the overlay's business.
func (j *judge) judgePolicy(object *unstructured.Unstructured) {
	root := &place{j: j, on: refTo(object), fields: object.Object}
	native := strings.HasPrefix(object.GetAPIVersion(), "networking.k8s.io/")
	switch kind := object.GetKind(); {
	case !strings.HasSuffix(kind, "NetworkPolicy"):
		return
	case kind != "NetworkPolicy" || !native:
		root.refuse(NetworkDefaultDeny, "kind", "NetworkPolicy of networking.k8s.io",
			object.GetAPIVersion()+" can overrule the default deny, and cannot be judged here")
	case object.GetName() == denyPolicy:
		j.judgeDeny(root.in("spec"))
	case object.GetName() != allowPolicy:
		j.judgeRules(root.in("spec"), "ingress", "from", opensIngress)
		j.judgeRules(root.in("spec"), "egress", "to", opensEgress)
	}
}

// judgeDeny wants the policy called default-deny to deny all, for every pod.
func (j *judge) judgeDeny(spec *place) {
	const hint = "leave the policy out: the deploy adds it"
	if selector := spec.in("podSelector"); len(selector.in("matchLabels").fields) > 0 || len(selector.list("matchExpressions")) > 0 {
		spec.refuse(NetworkDefaultDeny, "podSelector", "{}: every pod", hint)
	}
	types := map[any]bool{}
	for _, direction := range spec.list("policyTypes") {
		types[text(direction)] = true
	}
	if !types["Ingress"] || !types["Egress"] {
		spec.refuse(NetworkDefaultDeny, "policyTypes", "Ingress and Egress", hint)
	}
	for _, direction := range []string{"ingress", "egress"} {
		if len(spec.list(direction)) > 0 {
			spec.refuse(NetworkDefaultDeny, direction, "unset: a policy of this name denies all", hint)
		}
	}
}

// judgeRules refuses every rule of a direction that is open to everybody.
func (j *judge) judgeRules(spec *place, direction, peers string, opens func(*place) bool) {
	for _, rule := range spec.members(direction) {
		if opens(rule) {
			rule.refuse(NetworkDefaultDeny, peers, "named peers: a pod or namespace selector, or a narrow ipBlock",
				"this rule is open to everybody")
		}
	}
	for _, rule := range spec.list(direction) {
		if rule == nil { // null is read as {}: from everywhere
			spec.refuse(NetworkDefaultDeny, direction, "rules with peers", "an empty rule is open to everybody")
		}
	}
}

// opensIngress is true for a rule without peers, or with a peer that is
// everybody, whatever the ports.
func opensIngress(rule *place) bool { return anybody(rule, "from") }

// opensEgress is true for a rule that reaches everything: allowed are DNS, and
// public addresses on named ports.
func opensEgress(rule *place) bool {
	return anybody(rule, "to") && !onlyPorts(rule, func(number any) bool { return number == int64(53) || number == "dns" }) &&
		!(publicOnly(rule) && onlyPorts(rule, func(any) bool { return true }))
}

// anybody is true when a rule's peers are missing or hold one that is
// everybody.
func anybody(rule *place, key string) bool {
	list := rule.list(key)
	for _, peer := range list {
		if fields, ok := peer.(map[string]any); !ok || everybody(&place{fields: fields}) {
			return true
		}
	}
	return len(list) == 0
}

// everybody is true for a wide ipBlock and for a selector of all namespaces
// that does not narrow the pods down.
func everybody(peer *place) bool {
	if cidr := peer.in("ipBlock").str("cidr"); cidr != "" {
		return wide(cidr)
	}
	namespaces, pods := peer.in("namespaceSelector"), peer.in("podSelector")
	if namespaces.fields == nil {
		return pods.fields == nil // neither: an empty peer
	}
	return matchesAll(namespaces) && matchesAll(pods)
}

// wide is true for a block of more than a 256th of IPv4, or a 65536th of IPv6:
// 0.0.0.0/1 and 128.0.0.0/1 are everybody too.
func wide(cidr string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return true // cannot tell
	}
	if prefix.Addr().Is4() {
		return prefix.Bits() < 8
	}
	return prefix.Bits() < 16
}

// matchesAll is true for a selector that leaves nobody out, or only those that
// it names (NotIn, DoesNotExist), and for the name label that all namespaces
// have.
func matchesAll(selector *place) bool {
	if len(selector.in("matchLabels").fields) > 0 {
		return false
	}
	for _, expression := range selector.members("matchExpressions") {
		switch operator := expression.str("operator"); {
		case operator == "In", operator == "Exists" && expression.str("key") != "kubernetes.io/metadata.name":
			return false
		}
	}
	return true
}

// onlyPorts is true when the rule names ports one by one and all are allowed.
func onlyPorts(rule *place, allowed func(number any) bool) bool {
	ports := rule.members("ports")
	for _, port := range ports {
		if number := port.value("port"); number == nil || port.value("endPort") != nil || !allowed(number) {
			return false
		}
	}
	return len(ports) > 0 && len(ports) == len(rule.list("ports"))
}

// publicOnly is true when every wide peer is an ipBlock that leaves out the
// ranges that are most worth reaching from inside.
func publicOnly(rule *place) bool {
	for _, peer := range rule.members("to") {
		if !everybody(peer) {
			continue
		}
		except := map[any]bool{}
		for _, cidr := range peer.in("ipBlock").list("except") {
			except[text(cidr)] = true
		}
		want := []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"}
		if strings.Contains(peer.in("ipBlock").str("cidr"), ":") {
			want = []string{"fc00::/7", "fe80::/10"}
		}
		for _, cidr := range want {
			if !except[cidr] {
				return false
			}
		}
	}
	return len(rule.list("to")) > 0
}
