package driftcheck

import (
	"context"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/drift/image"
)

const deployed = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: clawql, uid: "1"}
spec: {template: {spec: {containers: [{name: gateway, image: "mcp:1"}]}}}
`

// ofControllers are what controllers make of it, in an order of bad luck.
var ofControllers = []string{`
apiVersion: v1
kind: Pod
metadata: {name: gateway-1-a, namespace: clawql, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: gateway-1, uid: "2", controller: true}]}
spec: {containers: [{name: gateway, image: "mcp:1"}, {name: injected, image: "proxy:1"}]}
status: {containerStatuses: [{name: gateway, image: "mcp:1", imageID: "docker.io/library/mcp@sha256:DIGEST"}, {name: injected, imageID: "sha256:config"}]}
`, `
apiVersion: v1
kind: Pod
metadata: {name: gateway-0-a, namespace: clawql, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: gateway-0, uid: "3", controller: true}]}
spec: {containers: [{name: gateway, image: "mcp:0"}]}
status: {containerStatuses: [{name: gateway, imageID: "docker.io/library/mcp@sha256:before"}]}
`, `
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: gateway-1, namespace: clawql, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: gateway, uid: "1", controller: true}]}
`}

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
		t.Fatal(err)
	}
	return o
}

func objects(t *testing.T, trees ...*unstructured.Unstructured) []*Object {
	t.Helper()
	list, err := Objects(trees)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// running is a side whose pods run a digest; "" is a side without pods.
func running(t *testing.T, digest string) Side {
	t.Helper()
	side := Side{Name: "side " + digest, Values: "key", Objects: objects(t, object(t, deployed))}
	if digest == "" {
		return side
	}
	seen := &runs{owners: map[[3]string]owner{}}
	for _, text := range ofControllers {
		o := object(t, text)
		if statuses, has, _ := unstructured.NestedSlice(o.Object, "status", "containerStatuses"); has {
			if first := statuses[0].(map[string]any); first["imageID"] == "docker.io/library/mcp@sha256:DIGEST" {
				first["imageID"] = "docker.io/library/mcp@sha256:" + digest
				_ = unstructured.SetNestedSlice(o.Object, statuses, "status", "containerStatuses")
			}
		}
		seen.see(o)
	}
	side.Running = seen.list()
	return side
}

func TestOneTagTwoDigests(t *testing.T) {
	for _, test := range []struct {
		from, to string
		findings int
		warnings int
	}{{"a", "a", 0, 0}, {"a", "b", 1, 0}, {"a", "", 0, 1}, {"", "", 0, 1}} {
		// What a snapshot carries is what is compared.
		packed, err := Pack(running(t, test.from), "test", time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		_, from, err := Unpack("file", packed)
		if err != nil {
			t.Fatal(err)
		}
		report, err := Compare(context.Background(), from, running(t, test.to), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Findings) != test.findings || len(report.Warnings) != test.warnings {
			t.Errorf("%q and %q: findings %v, warnings %q", test.from, test.to, report.Findings, report.Warnings)
		}
		for _, f := range report.Findings {
			if f.Control != image.Control || f.From != "sha256:a" || f.To != "sha256:b" {
				t.Errorf("%+v", f)
			}
		}
	}
}

func TestRunningNamesTheWorkload(t *testing.T) {
	want := []Run{
		{"Deployment", "clawql", "gateway", "gateway", "mcp:1", "sha256:a"},
		{"ReplicaSet", "clawql", "gateway-0", "gateway", "mcp:0", "sha256:before"},
	}
	if got := running(t, "a").Running; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
