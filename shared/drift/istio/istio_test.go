package istio

import (
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
		{"one for pods of the whole mesh is nobody's", []Resource{peer("istio-system/w", "{selector: {matchLabels: {app: g}}, mtls: {mode: DISABLE}}"), peer("a/x", "{mtls: {mode: STRICT}}")}, []Resource{peer("istio-system/w", "{selector: {matchLabels: {app: g}}, mtls: {mode: STRICT}}"), peer("a/x", "{mtls: {mode: STRICT}}")}, []string{"different"}},
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
		{"a caller more", "sa/p]", "sa/p, cluster.local/ns/j/sa/q]", "more-permissive: POST /mcp (host service.example, port 8080) to a pod of a, by cluster.local/ns/j/sa/q from 192.0.2.77"},
		{"anyone", "from: [{source: {principals: [cluster.local/ns/i/sa/p]}}], ", "", "more-permissive: POST /mcp (host service.example, port 8080) to a pod of a, by nobody known"},
		{"a method less", "[POST]", "[PUT]", "more-permissive: PUT|stricter: POST"},
		{"a port", "paths: [/mcp]", "paths: [/mcp], ports: ['8080']", "stricter: POST /mcp"},
		{"a place", "{principals", "{ipBlocks: [10.0.0.0/8], principals", "stricter: POST /mcp"},
		{"deny instead", "ALLOW", "DENY", "more-permissive: GET /other-path|stricter: POST /mcp"},
		{"ordered otherwise", "from: [{source: {principals: [cluster.local/ns/i/sa/p]}}], to: [{operation: {methods: [POST], paths: [/mcp]}}]", "to: [{operation: {paths: [/mcp], methods: [POST]}}], from: [{source: {principals: [cluster.local/ns/i/sa/p]}}]", ""},
		{"ordered otherwise, and split", "methods: [POST], paths: [/mcp]}}]}", "paths: [/mcp], methods: [POST]}}], from: [{source: {principals: [cluster.local/ns/i/sa/p, cluster.local/ns/i/sa/p]}}]}", ""},
		{"a header", "from:", "when: [{key: 'request.headers[X-Tenant]', values: [b]}], from:", "stricter: POST /mcp"},
		{"no header", "from:", "when: [{key: 'request.headers[x-tenant]', notValues: [b]}], from:", "stricter: POST /mcp (host service.example, port 8080) to a pod of a, by cluster.local/ns/i/sa/p from 192.0.2.77, with the header x-tenant: b"},
		{"an unknown condition", "from:", "when: [{key: a, values: [b]}], from:", "different"},
		{"an unknown field of a caller", "{principals", "{whoever: [x], principals", "different"},
		{"a service account", "principals: [cluster.local/ns/i/sa/p]", "serviceAccounts: [j/q]", "more-permissive: POST /mcp (host service.example, port 8080) to a pod of a, by cluster.local/ns/j/sa/q|stricter: POST /mcp"},
		{"a host in capitals", "methods: [POST]", "notHosts: [Service.Example], methods: [POST]", "stricter: POST /mcp (host service.example"},
		{"an audit", "ALLOW", "AUDIT", "more-permissive: GET /other-path"},
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

// A token counts where both sides verify it.
func TestTokens(t *testing.T) {
	tokens := resource("RequestAuthentication", "a/t", "{jwtRules: [{issuer: 'https://i.example', audiences: [gateway]}]}")
	other := resource("RequestAuthentication", "a/t", "{jwtRules: [{issuer: 'https://j.example'}]}")
	anyone := authorization("a/x", "{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}")
	one := authorization("a/x", "{rules: [{from: [{source: {requestPrincipals: ['https://i.example/s']}}]}]}")
	for _, c := range []struct {
		name     string
		from, to []Resource
		want     []string
	}{
		{"another subject", []Resource{tokens, anyone}, []Resource{tokens, one}, []string{"more-permissive: GET /other-path (host service.example, port 8080) to a pod of a, by nobody known from 192.0.2.77, with a token of https://i.example for someone, its audience gateway"}},
		{"no token is verified", []Resource{anyone}, []Resource{one}, []string{"different"}},
		{"other tokens are verified", []Resource{other, anyone}, []Resource{tokens, one}, []string{"different"}},
		{"another issuer", []Resource{other, anyone}, []Resource{other, one}, []string{"more-permissive: GET /other-path (host service.example, port 8080) to a pod of a, by nobody known from 192.0.2.77, with a token of https://j.example for someone"}},
	} {
		if got := summary(compare(t, c.from, c.to)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}

// A dry run refuses nothing, even where the policy's words are the same.
func TestADryRunDecidesNothing(t *testing.T) {
	deny := func(name, dry string) Resource {
		r := authorization(name, "{action: DENY, rules: [{to: [{operation: {ports: ['8080']}}]}]}")
		r.Raw["metadata"] = map[string]any{"annotations": map[string]any{"istio.io/dry-run": dry}}
		return r
	}
	for _, c := range []struct {
		from, to []Resource
		want     string
	}{
		{[]Resource{deny("a/x", "true")}, []Resource{deny("a/x", "false")}, "more-permissive: GET"},
		{[]Resource{deny("a/x", "no")}, []Resource{deny("a/x", "T")}, "stricter: GET"},
		{[]Resource{deny("a/x", "true"), deny("a/y", "")}, []Resource{deny("a/x", ""), deny("a/y", "")}, "different"},
	} {
		if got := summary(compare(t, c.from, c.to)); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}

// No credential that stands in a policy is shown.
func TestAWitnessShowsNoCredential(t *testing.T) {
	with := func(key, value string) []Resource {
		return []Resource{authorization("a/x", "{rules: [{when: [{key: '"+key+"', values: ['"+value+"']}]}]}")}
	}
	for _, key := range []string{"request.headers[X-Api-Key]", "request.headers[Authorization]", "request.headers[x-any]"} {
		got := summary(compare(t, with(key, "planted0123456789planted"), with(key, "else")))
		if len(got) != 2 || strings.Contains(strings.Join(got, ""), "planted") {
			t.Errorf("%s: %q", key, got)
		}
	}
}

// Blocks that begin alike differ after the end of the smaller one.
func TestBlocksThatBeginAlike(t *testing.T) {
	within := func(block string) []Resource {
		return []Resource{authorization("a/x", "{rules: [{from: [{source: {ipBlocks: ["+block+"]}}]}]}")}
	}
	if got := summary(compare(t, within("10.1.0.0/16"), within("10.1.0.0/24"))); len(got) != 1 || !strings.HasSuffix(got[0], "by nobody known from 10.1.1.0") {
		t.Errorf("%q", got)
	}
}
