package panguard

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

type dice struct{ *rand.Rand }

func (d dice) in(n int) bool              { return d.Intn(n) == 0 }
func (d dice) one(words ...string) string { return words[d.Intn(len(words))] }

var cases = oracletest.Cases

func each(t *testing.T, check func(seed int64, d dice)) {
	t.Helper()
	t.Parallel()
	for seed := range int64(cases(2000, 10_000)) {
		check(seed, dice{rand.New(rand.NewSource(seed))})
	}
}

func (d dice) tools() []string {
	list := []string{}
	for _, tool := range []string{"a", "b", "file_write", "shell_exec", "*"} {
		if d.in(4) {
			list = append(list, tool)
		}
	}
	return list
}

var variables = []string{"PANGUARD_PROXY_FAIL_MODE", "CLAWQL_MCP_JWT_ENABLED", "MCP_HOST", "CLAWQL_ALLOW_NO_ENFORCEMENT", "CLAWQL_LOG_LEVEL", inProcess[0], inProcess[1]}

func (d dice) value(name string) string {
	switch name {
	case "PANGUARD_PROXY_FAIL_MODE":
		return d.one("open", "closed", "", "x")
	case "MCP_HOST":
		return d.one("127.0.0.1", "0.0.0.0", "::1", "localhost", "", "10.0.0.1")
	case "CLAWQL_LOG_LEVEL":
		return d.one("debug", "info", "warn", "error", "", "x")
	}
	return d.one("0", "1", "true", "false", "", "1", "1", "maybe")
}

// container draws a gateway's variables: doubled names, values from elsewhere
// and references too.
func (d dice) container(name string) corev1.Container {
	c := corev1.Container{Name: name}
	for _, v := range variables {
		for range 2 {
			if d.in(3) {
				c.Env = append(c.Env, corev1.EnvVar{Name: v, Value: d.value(v)})
			}
		}
	}
	if d.in(2) {
		c.Env = append(c.Env, corev1.EnvVar{Name: inProcess[0], Value: "1"}, corev1.EnvVar{Name: inProcess[1], Value: "1"})
	}
	if !d.in(4) {
		c.Env = append(c.Env, corev1.EnvVar{Name: inProcess[2], Value: strings.Join(d.tools(), d.one(",", ", "))})
	}
	switch d.Intn(12) {
	case 0:
		c.EnvFrom = []corev1.EnvFromSource{{}}
	case 1:
		c.Env = append(c.Env, corev1.EnvVar{Name: d.one(variables...), Value: "$(OTHER)"})
	case 2:
		c.Env = append(c.Env, corev1.EnvVar{Name: d.one(variables...), ValueFrom: &corev1.EnvVarSource{}})
	}
	return c
}

func listText(tools []string) string {
	text, _ := json.Marshal(tools)
	return string(text)
}

func (d dice) policy(name string) Policy {
	p := Policy{Object: finding.Object{APIVersion: "v1", Kind: "ConfigMap", Namespace: "clawql", Name: name}, Data: map[string]string{}}
	p.Data[KeyMode] = d.one("learning", "report-only", "protection", "protection", "protection", "protection\n")
	if d.in(2) {
		p.Data[KeyFailMode] = d.one("open", "closed")
	}
	if !d.in(4) {
		p.Data[KeyBlocked] = listText(d.tools())
	}
	if d.in(4) {
		p.Data[KeyAllowed] = listText(d.tools())
	}
	switch d.Intn(20) {
	case 0:
		p.Data["other"] = "x"
	case 1:
		p.Data[KeyMode] = "x"
	case 2:
		p.Data[KeyBlocked] = "["
	case 3:
		p.Binary = true
	}
	return p
}

// side is up to two policies, and a workload with one or two containers.
func (d dice) side() Side {
	var s Side
	for i := range d.Intn(3) {
		s.Policies = append(s.Policies, d.policy(fmt.Sprintf("policy%d", i)))
	}
	w := Workload{Object: finding.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "clawql", Name: "gateway"}}
	for i := range 1 + d.Intn(2) {
		w.Containers = append(w.Containers, d.container(fmt.Sprintf("c%d", i)))
	}
	s.Workloads = []Workload{w}
	return s
}

func clone(s Side) Side {
	var c Side
	for _, p := range s.Policies {
		data := map[string]string{}
		for key, value := range p.Data {
			data[key] = value
		}
		p.Data = data
		c.Policies = append(c.Policies, p)
	}
	for _, w := range s.Workloads {
		w.Containers = slices.Clone(w.Containers)
		for i := range w.Containers {
			w.Containers[i].Env = slices.Clone(w.Containers[i].Env)
		}
		c.Workloads = append(c.Workloads, w)
	}
	return c
}

// pair is two sides: every other time the second is the first, changed.
func (d dice) pair() (Side, Side) {
	a := d.side()
	if d.in(2) {
		return a, d.side()
	}
	b := clone(a)
	for range 1 + d.Intn(3) {
		d.loosen(b)
	}
	if d.in(2) {
		return b, a
	}
	return a, b
}

// loosen makes one change that lets no less happen, and says which.
func (d dice) loosen(s Side) string {
	c := &s.Workloads[0].Containers[d.Intn(len(s.Workloads[0].Containers))]
	set := func(name, value string) string {
		c.Env = append(c.Env, corev1.EnvVar{Name: name, Value: value})
		return name
	}
	if len(s.Policies) > 0 && d.in(2) {
		return d.loosenPolicy(s.Policies[d.Intn(len(s.Policies))])
	}
	switch d.Intn(7) {
	case 6:
		return set(d.one(inProcess[:2]...), d.one("0", ""))
	case 0:
		return set("PANGUARD_PROXY_FAIL_MODE", "open")
	case 1:
		return set("CLAWQL_MCP_JWT_ENABLED", d.one("0", "false", ""))
	case 2:
		return set("MCP_HOST", d.one("0.0.0.0", ""))
	case 3:
		return set("CLAWQL_ALLOW_NO_ENFORCEMENT", "1")
	case 4:
		return set("CLAWQL_LOG_LEVEL", "debug")
	}
	for i, v := range c.Env {
		if v.Name == inProcess[2] {
			tools := strings.Split(v.Value, ",")
			c.Env[i].Value = strings.Join(tools[:len(tools)-1], ",")
			return "a tool fewer, in process"
		}
	}
	return set(d.one(inProcess[:2]...), "0")
}

func (d dice) loosenPolicy(p Policy) string {
	switch d.Intn(3) {
	case 0:
		p.Data[KeyMode] = map[string]string{"protection": "report-only", "report-only": "learning"}[strings.TrimSpace(p.Data[KeyMode])]
		if p.Data[KeyMode] == "" {
			p.Data[KeyMode] = "learning"
		}
		return "mode"
	case 1:
		p.Data[KeyFailMode] = "open"
		return "fail mode"
	}
	var tools []string
	if json.Unmarshal([]byte(p.Data[KeyBlocked]), &tools) == nil && len(tools) > 0 {
		p.Data[KeyBlocked] = listText(tools[1:])
	}
	return "a tool fewer"
}

// reworded says the same in another order and in other words for a default.
func (d dice) reworded(s Side) Side {
	s = clone(s)
	slices.Reverse(s.Policies)
	for _, p := range s.Policies {
		var tools []string
		if text, has := p.Data[KeyBlocked]; has && json.Unmarshal([]byte(text), &tools) == nil {
			slices.Reverse(tools)
			p.Data[KeyBlocked] = listText(append(tools, tools...))
		}
		if p.Data[KeyFailMode] == "" {
			p.Data[KeyFailMode] = "closed"
		}
	}
	for i := range s.Workloads {
		slices.Reverse(s.Workloads[i].Containers)
		for j, c := range s.Workloads[i].Containers {
			if !doubled(c.Env) {
				slices.Reverse(s.Workloads[i].Containers[j].Env)
			}
			if len(c.EnvFrom) == 0 && !slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "PANGUARD_PROXY_FAIL_MODE" }) {
				s.Workloads[i].Containers[j].Env = append(s.Workloads[i].Containers[j].Env, corev1.EnvVar{Name: "PANGUARD_PROXY_FAIL_MODE", Value: "closed"})
			}
		}
	}
	return s
}

func doubled(list []corev1.EnvVar) bool {
	seen := map[string]bool{}
	return slices.ContainsFunc(list, func(v corev1.EnvVar) bool {
		again := seen[v.Name]
		seen[v.Name] = true
		return again
	})
}

func keysOf(r *verdict.Result, flip bool) []string {
	var list []string
	for _, f := range r.Findings {
		d := f.Direction
		if flip {
			d = d.Flip()
		}
		list = append(list, fmt.Sprint(d, f.Object, f.Witness.Text, f.Witness.Details["container"]))
	}
	slices.Sort(list)
	return list
}

func TestComparedWithItselfIsEqual(t *testing.T) {
	each(t, func(seed int64, d dice) {
		s := d.side()
		if r := compare(t, s, clone(s)); len(r.Findings) > 0 {
			t.Fatalf("seed %d: %+v", seed, r.Findings)
		}
	})
}

func TestRewordingIsEqual(t *testing.T) {
	each(t, func(seed int64, d dice) {
		s := d.side()
		if r := compare(t, s, d.reworded(s)); len(r.Findings) > 0 {
			t.Fatalf("seed %d: %+v\n%+v", seed, r.Findings, s)
		}
	})
}

func TestSwappedSidesFlipEveryDirection(t *testing.T) {
	seen := map[string]int{}
	each(t, func(seed int64, d dice) {
		a, b := d.pair()
		there, back := compare(t, a, b), compare(t, b, a)
		if p, q := keysOf(there, true), keysOf(back, false); !slices.Equal(p, q) {
			t.Fatalf("seed %d: swapped: %q, not %q", seed, q, p)
		}
		if len(there.Findings) == 0 {
			seen["equal"]++
		}
		for _, f := range there.Findings {
			seen[string(f.Direction)]++
			seen[f.Control+" "+f.Witness.Kind]++
		}
	})
	t.Log(seen)
	for _, want := range []string{"equal", "more-permissive", "stricter", "Panguard tool-call", "Environment tool-call", "Environment mcp-request", "Environment start", "Environment log"} {
		if seen[want] < 20 {
			t.Errorf("%q was seen %d times", want, seen[want])
		}
	}
}

// To loosen a side is never stricter; to undo it never more permissive.
func TestLooseningIsNeverStricter(t *testing.T) {
	told := map[string]int{}
	each(t, func(seed int64, d dice) {
		a := d.side()
		b := clone(a)
		how := d.loosen(b)
		for _, f := range compare(t, b, a).Findings {
			if f.Direction != finding.MorePermissive {
				t.Fatalf("seed %d: %s, and %s: %+v\n%+v\n%+v", seed, how, f.Direction, f, b, a)
			}
			told[how]++
		}
		for _, f := range compare(t, a, b).Findings {
			if f.Direction != finding.Stricter {
				t.Fatalf("seed %d: %s undone, and %s: %+v", seed, how, f.Direction, f)
			}
		}
	})
	t.Log(told)
	for _, how := range append([]string{"mode", "fail mode", "a tool fewer", "a tool fewer, in process", "CLAWQL_LOG_LEVEL"}, variables...) {
		if told[how] == 0 {
			t.Errorf("%q was never found", how)
		}
	}
}

// A policy under another name may be what counts in its place.
func TestAPolicyOfAnotherNameIsNoMissingPolicy(t *testing.T) {
	from, to := policy("mode", "protection"), policy("mode", "protection")
	to.Policies[0].Object.Name = "other"
	if r := compare(t, from, to); len(r.Findings) > 0 || len(r.Judged) > 0 {
		t.Errorf("%+v", r)
	}
}

// What binaryData says, nobody reads.
func TestAPolicyWithBinaryDataIsNotJudged(t *testing.T) {
	from, to := policy("mode", "learning"), policy("mode", "protection")
	from.Policies[0].Binary = true
	if r := compare(t, from, to); len(r.Findings) > 0 || len(r.Judged) > 0 {
		t.Errorf("%+v", r)
	}
}
