package driftcheck

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/typediff"
)

// drawn are manifests in which a place in capitals has one of several values;
// null, empty, reordered and defaulted ones are among them.
var drawnManifests = []string{`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team, labels: {app: web}, annotations: MAP}
spec: {replicas: NUMBER, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {hostNetwork: BOOL,
  containers: [{name: a, image: "x@sha256:NUMBER", ports: PORTS, env: [{name: LOG, value: TEXT}]}], volumes: LIST}}}
`, `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: team}
spec: {type: TYPE, clusterIP: 10.0.0.NUMBER, ports: OPEN, selector: {app: web}}
`, `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: team, creationTimestamp: TIME, labels: {team: TEXT}}
data: {a: TEXT, b: "é\u2028<&>\"NUMBER"}
`, `
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: team}
data: {a: WORD, b: WORD}
`, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: team}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{ports: [{port: NUMBER}]}]}
`, `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: team}
rules: [{apiGroups: [""], resources: [RESOURCE], verbs: [get]}]
`, `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: team}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
subjects: [{kind: ServiceAccount, name: web, namespace: team}]
`, `
apiVersion: example.com/v1
kind: Widget
metadata: {name: web, namespace: team, generation: NUMBER}
spec: {ratio: FLOAT, whole: NUMBER, items: LIST, set: MAP, text: TEXT}
`, `
apiVersion: v1
kind: Namespace
metadata: {name: team, labels: {pod-security.kubernetes.io/enforce: LEVEL}}
`}

var drawnValues = map[string][]string{
	"NUMBER": {"1", "2", "3"}, "BOOL": {"true", "false", "null"}, "MAP": {"{}", "{a: b}", "{a: c}"}, "LIST": {"[]", "null", "[{name: v, emptyDir: {}}]"},
	"PORTS": {"[{containerPort: 80, name: a}, {containerPort: 81}]", "[{containerPort: 81}, {containerPort: 80, name: a}]", "[]"},
	"OPEN":  {"[{port: 80, nodePort: 30001}]", "[{port: 80}]", "[{port: 80, protocol: TCP}]"}, "TYPE": {"ClusterIP", "NodePort", "LoadBalancer"},
	"TIME": {"null", `"2026-01-01T00:00:00Z"`}, "TEXT": {"one", `"two"`, `""`}, "WORD": {"YQ==", "Yg=="}, "RESOURCE": {"pods", "secrets"},
	"FLOAT": {"1.0", "1", "1.5", "1e21", "-0.0"}, "LEVEL": {"restricted", "baseline"},
}

// draw fills in the places; most are the same on both sides.
func draw(random *rand.Rand, template string, odd float64) string {
	for _, name := range slices.Sorted(maps.Keys(drawnValues)) {
		values := drawnValues[name]
		for strings.Contains(template, name) {
			value := values[0]
			if random.Float64() < odd {
				value = values[random.Intn(len(values))]
			}
			template = strings.Replace(template, name, value, 1)
		}
	}
	return template
}

func drawSide(t *testing.T, random *rand.Rand, reader *Reader) Side {
	t.Helper()
	var texts []string
	for _, template := range drawnManifests {
		if random.Intn(12) > 0 {
			texts = append(texts, draw(random, template, 0.15))
		}
	}
	dir := t.TempDir()
	writeTo(t, dir, "all.yaml", strings.Join(texts, "---\n"))
	side, err := reader.Folder(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return side
}

// plainly reads a manifest as sigs.k8s.io/yaml and the API machinery do.
func plainly(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	tree := &unstructured.Unstructured{}
	content, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = kjson.UnmarshalCaseSensitivePreserveInts(content, &tree.Object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// The short cuts (one text read once, equal hashes, types that are read once)
// change nothing: the report is that of objects that share nothing, have no
// equal hashes, and are compared field by field.
func TestShortCutsChangeNothing(t *testing.T) {
	random := rand.New(rand.NewSource(4))
	equal := 0
	for range 50 {
		reader := NewReader()
		from := drawSide(t, random, reader)
		to := drawSide(t, random, reader)
		from.Name, to.Name = "from", "to"
		fast := reportText(t, from, to)
		if slow := reportText(t, laboured(t, from, 1), laboured(t, to, 2)); slow != fast {
			t.Fatalf("the short way says\n%s\nthe long way\n%s", fast, slow)
		}
		if strings.Contains(fast, `"Status":"equal"`) {
			equal++
		}
	}
	if equal == 50 {
		t.Error("nothing differed")
	}
}

// laboured is a side whose objects are made anew from their trees, and whose
// hashes are those of nothing else.
func laboured(t *testing.T, side Side, number byte) Side {
	t.Helper()
	objects, err := Objects(Trees(side.Objects))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		o.sum[0], o.sum[1] = number, o.sum[1]^number
		o.sum[2]++
	}
	side.Objects = objects
	return side
}

func reportText(t *testing.T, from, to Side) string {
	t.Helper()
	text, err := json.Marshal(compare(t, from, to, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	return sealedMark.ReplaceAllString(string(text), "sealed")
}

// What an Object keeps is what a tree says: the tree comes back as it was, with
// the types of its numbers, and what was read of it is what a second reading of
// it gives.
func TestObjectKeepsItsTree(t *testing.T) {
	random := rand.New(rand.NewSource(5))
	differ := typediff.New()
	for range 60 {
		for _, template := range drawnManifests {
			tree := plainly(t, draw(random, template, 0.5))
			was := tree.DeepCopy()
			o, err := newObject(tree)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(o.Tree(), was) {
				t.Fatalf("%v\nbecame %v", was, o.Tree())
			}
			again, err := newObject(o.Tree())
			if err != nil || !reflect.DeepEqual(o, again) {
				t.Fatalf("read again: %v\n%+v\n%+v", err, o, again)
			}
			strip(was)
			if own := projection(o); !reflect.DeepEqual(own, was) {
				t.Fatalf("the projection of %v\nis %v", was, own)
			}
			if list, err := differ.Diff(projection(o), was); fmt.Sprint(err) != fmt.Sprint(o.misfit) || len(list) > 0 {
				t.Fatalf("%v, %v; misfit %v", list, err, o.misfit)
			}
		}
	}
}

// Equal hashes are equal projections, and different ones are different: a
// difference of any leaf is seen.
func TestHashTellsEveryLeafApart(t *testing.T) {
	random := rand.New(rand.NewSource(6))
	byText, bySum := map[string][32]byte{}, map[[32]byte]string{}
	for range 600 {
		template := drawnManifests[random.Intn(len(drawnManifests))]
		tree := plainly(t, draw(random, template, 0.5))
		o, err := newObject(tree)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%#v", projection(o))
		if sum, known := byText[text]; known && sum != o.sum {
			t.Fatalf("two hashes of %s", text)
		}
		if was, known := bySum[o.sum]; known && was != text {
			t.Fatalf("one hash of\n%s\nand\n%s", was, text)
		}
		byText[text], bySum[o.sum] = o.sum, text
	}
}

func TestValuesThatNoTreeHas(t *testing.T) {
	for _, value := range []any{int(1), []string{"a"}, struct{}{}} {
		if _, err := appendJSON(nil, map[string]any{"a": []any{value}}); err == nil {
			t.Errorf("%T was written", value)
		}
	}
}

// FuzzJSON: what is written is what encoding/json reads.
func FuzzJSON(f *testing.F) {
	f.Add("a\u2028\"\\<\x7f\x00é", 1.5, int64(-1))
	f.Fuzz(func(t *testing.T, text string, number float64, whole int64) {
		tree := map[string]any{text: []any{text, whole, true, nil, map[string]any{}}, "number": number}
		got, err := appendJSON(nil, tree)
		if err != nil {
			return // a number that is none
		}
		want, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(got, &a) != nil || json.Unmarshal(want, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%s, not %s", got, want)
		}
	})
}

func writeTo(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
