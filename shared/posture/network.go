package posture

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// private are the IPv4 and IPv6 ranges that are no public address: inside the
// cluster, the provider's metadata service, multicast, and IPv6 forms that
// stand for IPv4 addresses. (RFC 6890 and IANA's special-purpose registries.)
var privateIPv4 = []any{
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
}
var privateIPv6 = []any{"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "fc00::/7", "fe80::/10", "ff00::/8"}

// networkPolicies adds the two policies of the deploy. Policies add up, so the
// overlay's own ones go on allowing what they allow.
func (j *judge) networkPolicies(objects []*unstructured.Unstructured, gateway *workload) []*unstructured.Unstructured {
	var made []*unstructured.Unstructured
	if deny := (Ref{"NetworkPolicy", j.Namespace, denyPolicy}); !j.off(NetworkDefaultDeny, deny) {
		made = j.policy(made, objects, NetworkDefaultDeny, denyPolicy, denySpec(), "every pod, ingress and egress")
	}
	if allow := (Ref{"NetworkPolicy", j.Namespace, allowPolicy}); gateway != nil && !j.off(NetworkAllowGateway, allow) {
		made = j.policy(made, objects, NetworkAllowGateway, allowPolicy, j.allowSpec(*gateway),
			"ingress from the data plane and monitoring; egress to DNS and "+j.egressText())
	}
	return append(made, objects...)
}

func (j *judge) egressText() string {
	if j.ClosedEgress {
		return "the destinations of clawql.yaml"
	}
	return "public HTTPS"
}

// policy makes a policy, or keeps the overlay's of the same name and content.
// The names are the deploy's: another content is a violation.
func (j *judge) policy(made, objects []*unstructured.Unstructured, control, name string, spec map[string]any, to string) []*unstructured.Unstructured {
	on := Ref{"NetworkPolicy", j.Namespace, name}
	if have := find(objects, "networking.k8s.io", "NetworkPolicy", name); have != nil {
		if control == NetworkAllowGateway && !samePolicy(have.Object["spec"], spec) {
			j.refuse(Violation{control, on, []string{"spec"}, have.Object["spec"], "the deploy's own policy",
				"give the overlay's policy another name: policies add up"})
			return made
		}
		j.did(control, on, nil, to, to, Kept)
		return made
	}
	object := newObject("networking.k8s.io/v1", "NetworkPolicy", j.Namespace, name)
	object.Object["spec"] = spec
	j.did(control, on, nil, nil, to, New)
	return append(made, object)
}

func samePolicy(have any, want map[string]any) bool { return text(have) == text(want) }

func denySpec() map[string]any {
	return map[string]any{"podSelector": map[string]any{}, "policyTypes": []any{"Ingress", "Egress"}}
}

// allowSpec is what the gateway needs, and nothing else. It selects by the
// label that stable and canary pods share.
func (j *judge) allowSpec(gateway workload) map[string]any {
	spec := map[string]any{
		"podSelector": matchLabels(map[string]string{GatewayLabel: j.Gateway}),
		"policyTypes": []any{"Ingress", "Egress"},
		"egress":      j.egress(),
	}
	if ingress := j.ingress(gateway); len(ingress) > 0 {
		spec["ingress"] = ingress
	}
	return spec
}

func (j *judge) ingress(gateway workload) []any {
	ports, metrics := gatewayPorts(gateway, j.Gateway)
	var rules []any
	if from := peers(j.IngressFrom); len(from) > 0 {
		rules = append(rules, map[string]any{"from": from, "ports": ports})
	}
	return append(rules, map[string]any{
		"from": peers([]Peer{{Namespace: j.MonitoringNamespace}}), "ports": metrics,
	})
}

// gatewayPorts are the ports that the gateway's container declares, and among
// them the one that serves HTTP, and so /metrics. Without any it is 8080 (S).
func gatewayPorts(gateway workload, name string) (all, metrics []any) {
	if container := gateway.gatewayContainer(name); container != nil {
		for _, declared := range container.members("ports") {
			number, ok := declared.value("containerPort").(int64)
			if !ok {
				continue
			}
			port := portRule(declared.str("protocol"), number)
			all = append(all, port)
			if metrics == nil || declared.str("name") == "http" {
				metrics = []any{port}
			}
		}
	}
	if all == nil {
		all = []any{portRule("TCP", 8080)}
		metrics = all
	}
	return all, metrics
}

func portRule(protocol string, number int64) map[string]any {
	if protocol == "" {
		protocol = "TCP"
	}
	return map[string]any{"protocol": protocol, "port": number}
}

// egress allows DNS at the cluster's resolver, HTTPS to public addresses (the
// gateway exists to call APIs), and the destinations of clawql.yaml.
func (j *judge) egress() []any {
	rules := []any{map[string]any{
		"to":    peers([]Peer{{Namespace: "kube-system"}}),
		"ports": []any{portRule("UDP", 53), portRule("TCP", 53)},
	}}
	if !j.ClosedEgress {
		rules = append(rules, map[string]any{
			"to":    []any{block("0.0.0.0/0", privateIPv4), block("::/0", privateIPv6)},
			"ports": []any{portRule("TCP", 443)},
		})
	}
	for _, extra := range j.Egress {
		if rule := extra.rule(); rule != nil {
			rules = append(rules, rule)
		}
	}
	return rules
}

func block(cidr string, except []any) map[string]any {
	ipBlock := map[string]any{"cidr": cidr}
	if len(except) > 0 {
		ipBlock["except"] = except
	}
	return map[string]any{"ipBlock": ipBlock}
}

// rule of a destination; nil when it names none, or no port.
func (e EgressRule) rule() map[string]any {
	to := peers([]Peer{e.To})
	if e.CIDR != "" {
		to = append(to, block(e.CIDR, nil))
	}
	if len(to) == 0 || len(e.Ports) == 0 {
		return nil
	}
	var ports []any
	for _, port := range e.Ports {
		ports = append(ports, portRule(port.Protocol, port.Number))
	}
	return map[string]any{"to": to, "ports": ports}
}

// peers leaves out those without any field: an empty selector means everybody.
func peers(all []Peer) []any {
	var list []any
	for _, peer := range all {
		rule, namespaces := map[string]any{}, map[string]string{}
		for key, value := range peer.NamespaceLabels {
			namespaces[key] = value
		}
		if peer.Namespace != "" {
			namespaces["kubernetes.io/metadata.name"] = peer.Namespace
		}
		if len(namespaces) > 0 {
			rule["namespaceSelector"] = matchLabels(namespaces)
		}
		if len(peer.PodLabels) > 0 {
			rule["podSelector"] = matchLabels(peer.PodLabels)
		}
		if len(rule) > 0 {
			list = append(list, rule)
		}
	}
	return list
}

func matchLabels(labels map[string]string) map[string]any {
	match := map[string]any{}
	for key, value := range labels {
		match[key] = value
	}
	return map[string]any{"matchLabels": match}
}

// Adds says whether o is one of the network policies that Harden itself adds,
// by its name.
func Adds(o *unstructured.Unstructured) bool {
	return o.GetKind() == "NetworkPolicy" && (o.GetName() == denyPolicy || o.GetName() == allowPolicy)
}
