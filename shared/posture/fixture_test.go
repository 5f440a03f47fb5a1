package posture

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	hex64   = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	gateway = "clawql-mcp-http"
)

// plain is a gateway as upstream's overlays describe it, by digest.
const plain = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: clawql-mcp-http, namespace: clawql}
spec:
  selector: {matchLabels: {app: clawql-mcp-http}}
  template:
    metadata: {labels: {app: clawql-mcp-http}}
    spec:
      containers:
      - name: clawql-mcp-http
        image: registry.example/mcp@sha256:` + hex64 + `
        ports: [{name: http, containerPort: 8080}, {name: grpc, containerPort: 50051}]
---
apiVersion: v1
kind: Service
metadata: {name: clawql-mcp-http, namespace: clawql}
spec: {type: LoadBalancer, selector: {app: clawql-mcp-http}, ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080}]}
`

func settings(excepted ...string) Settings {
	return Settings{
		Environment: "production", Namespace: "clawql", Deploy: 3, Version: "v1.2.3", Owner: "ana", Team: "agents",
		IngressFrom: []Peer{{Namespace: "clawql-gateway"}},
		Excepted: func(control string) bool {
			for _, one := range excepted {
				if one == control {
					return true
				}
			}
			return false
		},
	}
}

// parse reads YAML documents as objects.
func parse(t testing.TB, text string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, document := range strings.Split(text, "\n---\n") {
		raw, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		if string(raw) == "null" {
			continue
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(raw); err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		all = append(all, object)
	}
	return all
}

// overlay is plain with parts merged in: into the Deployment, its pod spec and
// its container, and with more objects beside.
type overlay struct{ deployment, pod, container, objects string }

func (o overlay) build(t testing.TB) []*unstructured.Unstructured {
	t.Helper()
	all := append(parse(t, plain), parse(t, o.objects)...)
	deployment := all[0].Object
	merge(deployment, fields(t, o.deployment))
	pod := deployment["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	merge(pod, fields(t, o.pod))
	if extra := fields(t, o.container); extra != nil {
		merge(pod["containers"].([]any)[0].(map[string]any), extra)
	}
	return all
}

func fields(t testing.TB, text string) map[string]any {
	t.Helper()
	if text == "" {
		return nil
	}
	object := parse(t, "kind: Part\npart:\n  "+strings.ReplaceAll(text, "\n", "\n  "))
	part, _ := object[0].Object["part"].(map[string]any)
	return part
}

// merge puts from's fields into to, mapping by mapping; lists replace lists.
func merge(to, from map[string]any) {
	for key, value := range from {
		into, both := to[key].(map[string]any)
		if part, ok := value.(map[string]any); ok && both {
			merge(into, part)
			continue
		}
		to[key] = value
	}
}

func (r Result) get(t testing.TB, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range r.Objects {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	t.Fatalf("no %s/%s in the result", kind, name)
	return nil
}

func (r Result) clean(t testing.TB) Result {
	t.Helper()
	for _, v := range r.Violations {
		t.Errorf("violation: %s %s %s = %v, allowed: %s (%s)", v.Control, v.Object, FieldString(v.Field), v.Value, v.Allowed, v.Hint)
	}
	return r
}

func at(t testing.TB, object *unstructured.Unstructured, path string) any {
	t.Helper()
	here := &place{fields: object.Object}
	keys := strings.Split(path, " ")
	for _, key := range keys[:len(keys)-1] {
		if strings.HasPrefix(key, "[") {
			list := here.parent.members(here.key)
			here = nil
			for _, member := range list {
				if member.str("name") == strings.Trim(key, "[]") {
					here = member
				}
			}
			if here == nil {
				t.Fatalf("nothing at %s of %s", key, path)
			}
			continue
		}
		here = here.in(key)
	}
	return here.value(keys[len(keys)-1])
}
