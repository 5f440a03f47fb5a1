package panguard

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

var names = [2]string{"staging", "production"}

// policy makes a side of keys and values; no words, no policy.
func policy(words ...string) Side {
	if len(words) == 0 {
		return Side{}
	}
	p := Policy{Object: finding.Object{APIVersion: "v1", Kind: "ConfigMap", Namespace: "clawql", Name: "policy"}, Data: map[string]string{}}
	for i := 0; i+1 < len(words); i += 2 {
		p.Data[words[i]] = words[i+1]
	}
	return Side{Policies: []Policy{p}}
}

// gateway makes a side of variables.
func gateway(words ...string) Side {
	c := corev1.Container{Name: "gateway"}
	for i := 0; i+1 < len(words); i += 2 {
		c.Env = append(c.Env, corev1.EnvVar{Name: words[i], Value: words[i+1]})
	}
	o := finding.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "clawql", Name: "gateway"}
	return Side{Workloads: []Workload{{Object: o, Containers: []corev1.Container{c}}}}
}

func compare(t *testing.T, from, to Side) *verdict.Result {
	t.Helper()
	result, err := Compare(from, to, names)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// summary is each finding in one line.
func summary(r *verdict.Result) []string {
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Direction, f.Severity, f.Witness.Text))
	}
	return lines
}

const (
	threatened = "tools/call file_write by anyone, matched by a threat rule"
	shell      = "tools/call shell_exec by anyone"
	anything   = "tools/call file_write by anyone"
)

func TestCases(t *testing.T) {
	inProc := []string{"CLAWQL_PANGUARD_PROXY_PLUGIN", "1", "CLAWQL_PANGUARD_IN_PROCESS", "1", "CLAWQL_PANGUARD_BLOCK_TOOLS"}
	for _, one := range []struct {
		name     string
		from, to Side
		want     []string
	}{
		{"weaker mode", policy("mode", "report-only"), policy("mode", "protection"), []string{"more-permissive critical: " + threatened}},
		{"weakest mode", policy("mode", "learning"), policy("mode", "report-only"), []string{"more-permissive high: " + threatened}},
		{"stronger mode", policy("mode", "protection"), policy("mode", "learning"), []string{"stricter warning: " + threatened}},
		{"unset fails closed", policy("mode", "protection"), policy("mode", "protection", "failMode", "closed"), nil},
		{"fails open", policy("mode", "protection", "failMode", "open"), policy("mode", "protection"), []string{"more-permissive high: " + ToolWhileDown}},
		{"one tool fewer", policy("mode", "protection", KeyBlocked, `["a"]`), policy("mode", "protection", KeyBlocked, `["shell_exec", "a"]`), []string{"more-permissive high: " + shell}},
		{"no longer every tool", policy("mode", "protection", KeyBlocked, `["a"]`), policy("mode", "protection", KeyBlocked, `["*"]`), []string{"more-permissive high: " + anything}},
		{"each blocks another", policy("mode", "protection", KeyBlocked, `["a"]`), policy("mode", "protection", KeyBlocked, `["shell_exec"]`), []string{"more-permissive high: " + shell, "stricter warning: tools/call a by anyone"}},
		{"order is nothing", policy("mode", "protection", KeyBlocked, `["a","b"]`), policy("mode", "protection", KeyBlocked, `["b","a"]`), nil},
		{"nothing is certain of a tool on an allow list", policy("mode", "protection", KeyBlocked, `[]`), policy("mode", "protection", KeyBlocked, `["a"]`, KeyAllowed, `["a"]`), nil},
		{"lists that block nothing", policy("mode", "learning", KeyBlocked, `["a"]`), policy("mode", "learning"), nil},
		{"an unknown mode", policy("mode", "audit"), policy("mode", "protection"), nil},
		{"an unknown key", policy("mode", "learning", "policy.yaml", "x"), policy("mode", "protection"), nil},
		{"no policy", policy(), policy("mode", "protection"), []string{"more-permissive critical: " + threatened}},
		{"no policy where the other only learns", policy(), policy("mode", "learning"), nil},

		{"fails open by variable", gateway("PANGUARD_PROXY_FAIL_MODE", "open"), gateway(), []string{"more-permissive high: " + ToolWhileDown}},
		{"closed is the default", gateway("PANGUARD_PROXY_FAIL_MODE", "closed"), gateway(), nil},
		{"no JWT", gateway("CLAWQL_MCP_JWT_ENABLED", "0"), gateway("CLAWQL_MCP_JWT_ENABLED", "1"), []string{"more-permissive critical: " + WithoutToken}},
		{"JWT", gateway("CLAWQL_MCP_JWT_ENABLED", "1"), gateway(), []string{"stricter warning: " + WithoutToken}},
		{"a JWT switch that nobody knows", gateway("CLAWQL_MCP_JWT_ENABLED", "maybe"), gateway("CLAWQL_MCP_JWT_ENABLED", "1"), nil},
		{"listens to all", gateway(), gateway("MCP_HOST", "127.0.0.1"), []string{"more-permissive high: " + FromAfar}},
		{"listens to all, said", gateway(), gateway("MCP_HOST", "0.0.0.0"), nil},
		{"another address", gateway("MCP_HOST", "10.0.0.1"), gateway("MCP_HOST", "127.0.0.1"), nil},
		{"silent", gateway("CLAWQL_ALLOW_NO_ENFORCEMENT", "1"), gateway(), []string{"more-permissive high: " + UnwarnedStart}},
		{"debug", gateway("CLAWQL_LOG_LEVEL", "debug"), gateway("CLAWQL_LOG_LEVEL", "info"), []string{"more-permissive warning: " + DebugLine}},
		{"info and warn", gateway("CLAWQL_LOG_LEVEL", "info"), gateway("CLAWQL_LOG_LEVEL", "warn"), nil},
		{"blocks nothing itself", gateway(), gateway(append(inProc, "*")...), []string{"more-permissive critical: " + anything}},
		{"blocks less itself", gateway(append(inProc, "a")...), gateway(append(inProc, "a, shell_exec")...), []string{"more-permissive high: " + shell}},
		{"one switch off", gateway("CLAWQL_PANGUARD_PROXY_PLUGIN", "1", "CLAWQL_PANGUARD_BLOCK_TOOLS", "shell_exec"), gateway(append(inProc, "shell_exec")...), []string{"more-permissive high: " + shell}},
		{"a switch that is not 1", gateway("CLAWQL_PANGUARD_PROXY_PLUGIN", "true"), gateway(append(inProc, "a")...), nil},
		{"another issuer", gateway("CLAWQL_MCP_JWT_ISSUER", "a"), gateway("CLAWQL_MCP_JWT_ISSUER", "b"), nil},
		{"the last of a name wins", gateway("CLAWQL_LOG_LEVEL", "debug", "CLAWQL_LOG_LEVEL", "info"), gateway("CLAWQL_LOG_LEVEL", "info"), nil},
	} {
		t.Run(one.name, func(t *testing.T) {
			if got := summary(compare(t, one.from, one.to)); !slices.Equal(got, one.want) {
				t.Errorf("%q, not %q", got, one.want)
			}
		})
	}
}

// A value from elsewhere is judged neither way.
func TestHiddenValuesAreNotJudged(t *testing.T) {
	from, to := gateway("CLAWQL_MCP_JWT_ENABLED", "$(SWITCH)"), gateway("CLAWQL_MCP_JWT_ENABLED", "1")
	if r := compare(t, from, to); len(r.Findings) > 0 || len(r.Judged) > 0 {
		t.Errorf("%+v", r)
	}
	from = gateway()
	from.Workloads[0].Containers[0].Env = []corev1.EnvVar{{Name: "CLAWQL_MCP_JWT_ENABLED", ValueFrom: &corev1.EnvVarSource{}}}
	if r := compare(t, from, to); len(r.Findings) > 0 || len(r.Judged) > 0 {
		t.Errorf("%+v", r)
	}
	from = gateway()
	from.Workloads[0].Containers[0].EnvFrom = []corev1.EnvFromSource{{}}
	if r := compare(t, from, to); len(r.Findings) > 0 || len(r.Judged) > 0 {
		t.Errorf("%+v", r)
	}
}

// What is judged is exactly what was spoken of.
func TestJudgedPlaces(t *testing.T) {
	r := compare(t, gateway("MCP_HOST", "0.0.0.0", "OTHER", "x"), gateway("MCP_HOST", "127.0.0.1", "OTHER", "y"))
	for path, want := range map[string]bool{
		`.spec.template.spec.containers[name="gateway"].env[name="MCP_HOST"].value`:     true,
		`.spec.template.spec.containers[name="gateway"].env[name="OTHER"].value`:        false,
		`.spec.template.spec.containers[name="gateway"].env`:                            false,
		`.spec.template.spec.initContainers[name="gateway"].env[name="MCP_HOST"].value`: false,
	} {
		got := false
		for _, places := range r.Judged {
			got = got || slices.ContainsFunc(places, func(p string) bool { return verdict.Speaks(p, path) })
		}
		if got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	r = compare(t, gateway(), gateway("MCP_HOST", "0.0.0.0"))
	said := false
	for _, places := range r.Judged {
		said = said || slices.ContainsFunc(places, func(p string) bool {
			return verdict.Speaks(p, `.spec.template.spec.containers[name="gateway"].env[name="MCP_HOST"]`)
		})
	}
	if !said {
		t.Errorf("a default that is said is left to others: %+v", r.Judged)
	}
	if verdict.Speaks(".data.mode", ".metadata.annotations.x.data.mode") || verdict.Speaks(".data.mode", ".data.mode.yaml") {
		t.Error("a place covers another")
	}
}
