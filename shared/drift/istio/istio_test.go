package istio

import (
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

var sideNames = [2]string{"staging", "production"}

// peer and authorization make a policy of a name ("namespace/name") and a spec.
func peer(name, spec string) Resource          { return resource("PeerAuthentication", name, spec) }
func authorization(name, spec string) Resource { return resource("AuthorizationPolicy", name, spec) }

func resource(kind, name, spec string) Resource {
	var raw map[string]any
	if err := yaml.Unmarshal([]byte("spec: "+spec), &raw); err != nil {
		panic(err)
	}
	ns, name, _ := strings.Cut(name, "/")
	return Resource{Object: finding.Object{APIVersion: "security.istio.io/v1", Kind: kind, Namespace: ns, Name: name}, Raw: raw}
}

func compare(t *testing.T, from, to []Resource) *verdict.Result {
	t.Helper()
	result, err := Compare(from, to, sideNames)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func summary(r *verdict.Result) []string {
	var lines []string
	for _, f := range r.Findings {
		line := string(f.Direction)
		if f.Witness != nil {
			line += ": " + f.Witness.Text
		}
		lines = append(lines, line)
	}
	return lines
}

func TestPeerAuthentication(t *testing.T) {
	plain, inside := "plain text from outside the mesh to port ", "plain text between pods of the mesh to port "
	for _, one := range []struct {
		name     string
		from, to []Resource
		want     []string
	}{
		{"permissive", []Resource{peer("a/x", "{mtls: {mode: PERMISSIVE}}")}, []Resource{peer("a/x", "{mtls: {mode: STRICT}}")}, []string{"more-permissive: " + plain + "8080 of a pod of a"}},
		{"off", []Resource{peer("a/x", "{mtls: {mode: DISABLE}}")}, []Resource{peer("a/x", "{mtls: {mode: PERMISSIVE}}")}, []string{"more-permissive: " + inside + "8080 of a pod of a"}},
		{"none", nil, []Resource{peer("a/x", "{mtls: {mode: STRICT}}")}, []string{"more-permissive: " + plain + "8080 of a pod of a"}},
		{"permissive is the default", nil, []Resource{peer("a/x", "{mtls: {mode: PERMISSIVE}}")}, nil},
		{"the mesh is strict anyway", []Resource{peer("istio-system/x", "{mtls: {mode: STRICT}}")}, []Resource{peer("istio-system/x", "{mtls: {mode: STRICT}}"), peer("a/x", "{mtls: {mode: STRICT}}")}, nil},
		{"unset inherits", []Resource{peer("istio-system/x", "{mtls: {mode: STRICT}}"), peer("a/x", "{mtls: {mode: UNSET}}")}, []Resource{peer("istio-system/x", "{mtls: {mode: STRICT}}"), peer("a/x", "{mtls: {mode: STRICT}}")}, []string{"different"}},
		{"a workload", []Resource{peer("a/w", "{selector: {matchLabels: {app: g}}, mtls: {mode: PERMISSIVE}}"), peer("a/x", "{mtls: {mode: STRICT}}")}, []Resource{peer("a/x", "{mtls: {mode: STRICT}}")}, []string{"more-permissive: " + plain + "8080 of a pod of a with app=g"}},
		{"a port", []Resource{peer("a/w", "{selector: {matchLabels: {app: g}}, mtls: {mode: STRICT}, portLevelMtls: {9090: {mode: PERMISSIVE}}}")}, []Resource{peer("a/w", "{selector: {matchLabels: {app: g}}, mtls: {mode: STRICT}}")}, []string{"more-permissive: " + plain + "9090 of a pod of a with app=g"}},
		{"two of a scope", []Resource{peer("a/x", "{mtls: {mode: STRICT}}"), peer("a/y", "{mtls: {mode: DISABLE}}")}, []Resource{peer("a/x", "{mtls: {mode: DISABLE}}"), peer("a/y", "{mtls: {mode: DISABLE}}")}, []string{"different"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			if got := summary(compare(t, one.from, one.to)); !slices.Equal(got, one.want) {
				t.Errorf("%q, not %q", got, one.want)
			}
		})
	}
}

func TestAuthorizationPolicy(t *testing.T) {
	const one = "{action: ALLOW, rules: [{from: [{source: {principals: [cluster.local/ns/i/sa/p]}}], to: [{operation: {methods: [POST], paths: [/mcp]}}]}]}"
	for _, c := range []struct {
		name, old, new string
		want           string
	}{
		{"nothing", "", "", ""},
		{"another path", "/mcp", "/mcp*", "more-permissive: POST /mcpx"},
		{"every path", ", paths: [/mcp]", "", "more-permissive: POST /other-path"},
		{"a caller more", "sa/p]", "sa/p, cluster.local/ns/j/sa/q]", "more-permissive: POST /mcp (host service.example, port 8080) to a pod of a, by cluster.local/ns/j/sa/q"},
		{"anyone", "from: [{source: {principals: [cluster.local/ns/i/sa/p]}}], ", "", "more-permissive: POST /mcp (host service.example, port 8080) to a pod of a, by nobody known"},
		{"a method less", "[POST]", "[PUT]", "more-permissive: PUT|stricter: POST"},
		{"a port", "paths: [/mcp]", "paths: [/mcp], ports: ['8080']", "stricter: POST /mcp"},
		{"a place", "{principals", "{ipBlocks: [10.0.0.0/8], principals", "stricter: POST /mcp"},
		{"deny instead", "ALLOW", "DENY", "more-permissive: GET /other-path|stricter: POST /mcp"},
		{"ordered otherwise", "from: [{source: {principals: [cluster.local/ns/i/sa/p]}}], to: [{operation: {methods: [POST], paths: [/mcp]}}]", "to: [{operation: {paths: [/mcp], methods: [POST]}}], from: [{source: {principals: [cluster.local/ns/i/sa/p]}}]", ""},
		{"a condition", "from:", "when: [{key: a, values: [b]}], from:", "different"},
		{"custom", "ALLOW", "CUSTOM", "different"},
		{"selected", "{action", "{selector: {matchLabels: {app: g}}, action", "more-permissive: GET /other-path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := summary(compare(t, []Resource{authorization("a/x", strings.Replace(one, c.old, c.new, 1))}, []Resource{authorization("a/x", one)}))
			want := strings.Split(c.want, "|")
			if c.want == "" {
				want = nil
			}
			slices.Sort(got)
			if !slices.EqualFunc(got, want, strings.HasPrefix) {
				t.Errorf("%q, not %q", got, want)
			}
		})
	}
	if got := summary(compare(t, nil, []Resource{authorization("a/x", "{}")})); len(got) != 1 || !strings.HasPrefix(got[0], "more-permissive: GET") {
		t.Errorf("nothing may pass there: %q", got)
	}
}

// drawn makes a side at random.
func drawn(random *rand.Rand) []Resource {
	pick := func(list ...string) string { return list[random.Intn(len(list))] }
	var list []Resource
	for _, name := range []string{"istio-system/m", "a/x", "b/x"} {
		if random.Intn(2) == 0 {
			list = append(list, peer(name, "{mtls: {mode: "+pick("STRICT", "PERMISSIVE", "DISABLE", "UNSET")+"}}"))
		}
	}
	if random.Intn(2) == 0 {
		list = append(list, peer("a/w", "{selector: {matchLabels: {app: g}}, mtls: {mode: "+pick("STRICT", "UNSET", "DISABLE")+"}, portLevelMtls: {9090: {mode: "+pick("STRICT", "PERMISSIVE", "UNSET")+"}}}"))
	}
	for i := range random.Intn(4) {
		list = append(list, authorization(pick("istio-system/p", "a/p", "b/p")+fmt.Sprint(i), "{"+pick("", "selector: {matchLabels: {app: g}}, ")+"action: "+pick("ALLOW", "ALLOW", "DENY")+", rules: ["+rules(pick)+"]}"))
	}
	return list
}

func rules(pick func(...string) string) string {
	from := pick("", "from: [{source: {"+pick("principals", "notPrincipals")+": ["+pick("'*'", "cluster.local/ns/i/sa/p", "cluster.local/ns/i/*", "'*/sa/p'")+"]}}], ",
		"from: [{source: {"+pick("namespaces", "notNamespaces")+": ["+pick("i", "a", "'*'")+"]}}, {source: {ipBlocks: [10.1.0.0/16], notIpBlocks: [10.1.2.0/24]}}], ")
	to := pick("", "to: [{operation: {"+pick("methods: [GET]", "notMethods: [GET]", "ports: ['9090']", "notPorts: ['9090']")+", "+pick("paths: [/a]", "paths: ['/a*']", "notPaths: ['*b']", "hosts: ['*.example']")+"}}]")
	return pick("", "{"+from+to+"}", "{"+from+to+"}", "{"+from+"}, {"+to+"}")
}

// A side equals itself, every witness holds (Compare ends with an error
// otherwise), both evaluators agree on all requests, and an ALLOW rule more,
// beside another, is never stricter.
func TestMetamorphic(t *testing.T) {
	random := rand.New(rand.NewSource(8))
	found := 0
	for range 1500 {
		a, b := drawn(random), drawn(random)
		if r := compare(t, a, a); len(r.Findings) > 0 {
			t.Fatalf("unequal to itself: %+v", r)
		}
		found += len(compare(t, a, b).Findings)
		agree(t, a)
		if len(a) == 0 {
			continue
		}
		i := random.Intn(len(a))
		one := a[i].Raw["spec"].(map[string]any)
		if one["action"] != "ALLOW" {
			continue
		}
		more := slices.Clone(a)
		more[i].Raw = map[string]any{"spec": map[string]any{"action": "ALLOW", "selector": one["selector"], "rules": append(slices.Clone(one["rules"].([]any)), map[string]any{"to": []any{map[string]any{"operation": map[string]any{"paths": []any{"/more"}}}}})}}
		if one["selector"] == nil {
			delete(more[i].Raw["spec"].(map[string]any), "selector")
		}
		for _, f := range compare(t, more, a).Findings {
			if f.Direction == finding.Stricter {
				t.Fatalf("one rule more, and stricter: %+v", f)
			}
		}
	}
	if found < 1500 {
		t.Errorf("only %d differences were drawn", found)
	}
}

func agree(t *testing.T, side []Resource) {
	t.Helper()
	c := &comparer{sides: [2][]policy{nil, nil}}
	for _, r := range side {
		c.sides[0] = append(c.sides[0], read(r))
	}
	for _, r := range side {
		for i, request := range c.requests(r.Object) {
			if i%7 == 0 && allows(c.sides[0], r.Object.Kind, request) != Allows(side, r.Object.Kind, request) {
				t.Fatalf("the evaluators disagree on %+v", request)
			}
		}
	}
}

// Swapped sides flip every direction.
func TestSwap(t *testing.T) {
	random := rand.New(rand.NewSource(9))
	for range 500 {
		a := drawn(random)
		b := slices.Clone(a)
		if len(b) > 0 {
			i := random.Intn(len(b))
			b = slices.Delete(b, i, i+1)
		}
		var there, back []string
		for _, f := range compare(t, a, b).Findings {
			there = append(there, string(f.Direction.Flip())+f.Object.String())
		}
		for _, f := range compare(t, b, a).Findings {
			back = append(back, string(f.Direction)+f.Object.String())
		}
		slices.Sort(there)
		slices.Sort(back)
		if !reflect.DeepEqual(there, back) {
			t.Fatalf("swapped: %q, not %q", back, there)
		}
	}
}
