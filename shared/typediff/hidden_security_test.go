package typediff

import (
	"fmt"
	"strings"
	"testing"
)

const service = `
apiVersion: v1
kind: Service
metadata: {name: dns}
spec:
  ports: [{name: d, port: 53}, {name: u, port: 53, protocol: UDP, targetPort: 5353, nodePort: 30053}]
`

const ordersCount = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers: [{name: lock, image: x}, {name: u, image: why}]
  containers: [{name: a, image: x, env: [{name: H, value: h}, {name: MCP_HOST, value: $(H)}], ports: [{containerPort: 1}, {containerPort: 2}]}, {name: b, image: why}]
`

const mutating = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: m}
webhooks: [{name: one.example.com}, {name: two.example.com}]
`

// What hid a difference: the place was looked up in another item of the list,
// or only the order differed.
func TestNothingHidesADifference(t *testing.T) {
	for _, one := range []struct{ name, text, old, new, want string }{
		{"a target behind a port of the same number", service, "targetPort: 5353", "targetPort: 9999", `.spec.ports[port=53,protocol="UDP"].targetPort: 5353 -> 9999`},
		{"a node port behind a port of the same number", service, "nodePort: 30053", "nodePort: 30054", `.spec.ports[port=53,protocol="UDP"].nodePort: 30053 -> 30054`},
		{"init containers in another order", ordersCount, "{name: lock, image: x}, {name: u, image: why}", "{name: u, image: why}, {name: lock, image: x}", `.spec.initContainers[order]: "lock", "u" -> "u", "lock"`},
		{"a new init container between two that changed places", ordersCount, "{name: lock, image: x}, {name: u, image: why}", "{name: u, image: why}, {name: mid, image: z}, {name: lock, image: x}", `.spec.initContainers[name="mid"]: <nil> -> map[image:z name:mid]
.spec.initContainers[order]: "lock", "u" -> "u", "lock"`},
		{"a variable before the one it refers to", ordersCount, "{name: H, value: h}, {name: MCP_HOST, value: $(H)}", "{name: MCP_HOST, value: $(H)}, {name: H, value: h}", `.spec.containers[name="a"].env[order]: "H", "MCP_HOST" -> "MCP_HOST", "H"`},
		{"mutating webhooks in another order", mutating, "{name: one.example.com}, {name: two.example.com}", "{name: two.example.com}, {name: one.example.com}", `.webhooks[order]: "one.example.com", "two.example.com" -> "two.example.com", "one.example.com"`},
		{"no difference: containers in another order", ordersCount, `{name: b, image: why}]`, `{name: c, image: why}, {name: b, image: why}]`, `.spec.containers[name="c"]: <nil> -> map[image:why name:c]`},
		{"no difference: ports in another order", ordersCount, "{containerPort: 1}, {containerPort: 2}", "{containerPort: 2}, {containerPort: 1}", ""},
		{"no difference: validating webhooks in another order", strings.Replace(mutating, "Mutating", "Validating", 1), "{name: one.example.com}, {name: two.example.com}", "{name: two.example.com}, {name: one.example.com}", ""},
	} {
		t.Run(one.name, func(t *testing.T) {
			changed := strings.Replace(one.text, one.old, one.new, 1)
			if changed == one.text {
				t.Fatal("the case changes nothing")
			}
			list, err := New().Diff(object(t, one.text), object(t, changed))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range list {
				got = append(got, fmt.Sprintf("%s: %v -> %v", d, d.From, d.To))
			}
			if strings.Join(got, "\n") != one.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), one.want)
			}
			if same, err := New().Diff(object(t, changed), object(t, changed)); err != nil || len(same) > 0 {
				t.Errorf("not equal to itself: %v %v", same, err)
			}
		})
	}
}

// A key that is left out has its default: the item is found by either text.
func TestAPortWithoutAProtocolIsTCP(t *testing.T) {
	old := strings.Replace(service, "{name: d, port: 53}, ", "{name: d, port: 53, targetPort: 1}, ", 1)
	list, err := New().Diff(object(t, old), object(t, strings.Replace(old, "targetPort: 1}", "protocol: TCP, targetPort: 2}", 1)))
	if err != nil || len(list) != 2 || fmt.Sprint(list[1].From, list[1].To) != "1 2" {
		t.Errorf("%v %v", list, err)
	}
}
