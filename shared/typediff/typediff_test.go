package typediff

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/fault"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = o.UnmarshalJSON(raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {a: "1"}}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - {name: a, image: x, env: [{name: E, value: "1"}, {name: F, value: "2"}], ports: [{containerPort: 80}, {containerPort: 81, protocol: UDP}]}
      - {name: b, image: why, command: [one, two]}
`

func TestDiff(t *testing.T) {
	for _, one := range []struct{ name, old, new, want string }{
		{"same", "", "", ""},
		{"order of containers and variables", "env: [{name: E, value: \"1\"}, {name: F, value: \"2\"}]", "env: [{name: F, value: \"2\"}, {name: E, value: \"1\"}]", ""},
		{"image", "image: x", "image: z", `.spec.template.spec.containers[name="a"].image: x -> z`},
		{"variable", `name: E, value: "1"`, `name: E, value: "3"`, `.spec.template.spec.containers[name="a"].env[name="E"].value: 1 -> 3`},
		{"variable gone", `, {name: F, value: "2"}`, "", `.spec.template.spec.containers[name="a"].env[name="F"]: map[name:F value:2] -> <nil>`},
		{"port", "{containerPort: 81, protocol: UDP}", "{containerPort: 82, protocol: UDP}", `.spec.template.spec.containers[name="a"].ports[containerPort=81,protocol="UDP"]: map[containerPort:81 protocol:UDP] -> <nil>
.spec.template.spec.containers[name="a"].ports[containerPort=82,protocol="UDP"]: <nil> -> map[containerPort:82 protocol:UDP]`},
		{"a default that is written out", "{containerPort: 80}", "{containerPort: 80, protocol: TCP}", `.spec.template.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].protocol: <nil> -> TCP`},
		{"atomic list", "[one, two]", "[two, one]", `.spec.template.spec.containers[name="b"].command: [one two] -> [two one]`},
		{"label", `labels: {a: "1"}`, `labels: {b: "1"}`, `.metadata.labels.a: 1 -> <nil>
.metadata.labels.b: <nil> -> 1`},
		{"number", "replicas: 2", "replicas: 3", ".spec.replicas: 2 -> 3"},
	} {
		t.Run(one.name, func(t *testing.T) {
			changed := strings.Replace(deployment, one.old, one.new, 1)
			if one.old != one.new && changed == deployment {
				t.Fatal("the case changes nothing")
			}
			list, err := New().Diff(object(t, deployment), object(t, changed))
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
		})
	}
}

// The differences of two objects are the same ones the other way round.
func TestDiffFlips(t *testing.T) {
	a := object(t, deployment)
	b := object(t, strings.NewReplacer("image: x", "image: q", "replicas: 2", "replicas: 5", `{name: F, value: "2"}`, `{name: G, valueFrom: {fieldRef: {fieldPath: a}}}`).Replace(deployment))
	there, err1 := New().Diff(a, b)
	back, err2 := New().Diff(b, a)
	if err1 != nil || err2 != nil || len(there) != len(back) || len(there) != 4 {
		t.Fatalf("%v %v: %v, %v", err1, err2, there, back)
	}
	for i := range there {
		if fmt.Sprint(there[i].From, there[i].To) != fmt.Sprint(back[i].To, back[i].From) || there[i].String() != back[i].String() {
			t.Errorf("%v against %v", there[i], back[i])
		}
	}
}

func TestCustomResource(t *testing.T) {
	text := "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec: {list: [1, 2], deep: {a: 1, b: s}}\n"
	list, err := New().Diff(object(t, text), object(t, strings.NewReplacer("[1, 2]", "[2, 1]", "b: s", "b: t").Replace(text)))
	if err != nil || len(list) != 2 || list[0].String() != ".spec.deep.b" || list[1].String() != ".spec.list" {
		t.Errorf("%v %v", list, err)
	}
}

func TestAnObjectThatDoesNotFitIsAnErrorWithoutItsValue(t *testing.T) {
	bad := object(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: canary-77\n")
	_, err := New().Diff(bad, bad)
	if fault.Code(err) != fault.CodeUnable || strings.Contains(err.Error(), "canary-77") {
		t.Errorf("%v", err)
	}
}
