package project

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// least is the smallest clawql.yaml that is valid.
const least = `apiVersion: clawql.io/v1alpha1
kind: Project
environments:
  production:
    context: prod-eu
    namespace: clawql
    overlay: deploy/overlays/prod
`

func mustParse(t *testing.T, text string) *Project {
	t.Helper()
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDefaults(t *testing.T) {
	p := mustParse(t, least)
	got, _ := json.MarshalIndent(p, "", " ")
	want := `{
 "apiVersion": "clawql.io/v1alpha1",
 "kind": "Project",
 "gateway": {
  "name": "clawql-mcp-http",
  "port": 8080,
  "path": "/mcp"
 },
 "change": {
  "protectedBranch": "main",
  "remote": "origin",
  "allowedSigners": ".clawql/allowed_signers"
 },
 "environments": {
  "production": {
   "context": "prod-eu",
   "namespace": "clawql",
   "overlay": "deploy/overlays/prod",
   "traffic": {
    "gateway": {
     "name": "clawql",
     "namespace": "clawql-gateway"
    }
   }
  }
 },
 "canary": {
  "weight": 5,
  "window": "30m0s",
  "replicas": 1,
  "readyWithin": "10m0s",
  "drain": "5m30s"
 },
 "signals": {
  "requests": {
   "metric": "clawql_mcp_tool_calls_total"
  },
  "blocks": {
   "metric": "clawql_atr_violations_total"
  },
  "errors": {
   "line": "[clawql-mcp-http] POST /mcp error:"
  }
 },
 "network": {
  "monitoring": "monitoring"
 }
}`
	if string(got) != want {
		t.Errorf("defaults changed; a deploy without settings is now\n%s", got)
	}
}

// What is written wins over every default.
func TestWrittenValuesStay(t *testing.T) {
	p := mustParse(t, least+`gateway: {name: gw, port: 9000, path: /x}
canary: {weight: 7, window: 45m, replicas: 3, readyWithin: 1h, drain: 1s}
change: {protectedBranch: release, remote: up, allowedSigners: keys/allowed}
signals: {requests: {metric: r, labels: {a: b}}, blocks: {metric: b}, errors: {line: "ERROR: boom"}}
network: {monitoring: mon, egress: [{cidr: "10.0.0.0/8", ports: [5432]}]}
images: [{name: x, newName: r/x, digest: "sha256:`+strings.Repeat("a", 64)+`"}]
`)
	if p.Gateway != (Gateway{"gw", 9000, "/x"}) || p.Canary != (Canary{7, Duration(45 * time.Minute), 3, Duration(time.Hour), Duration(time.Second)}) ||
		p.Change != (Change{"release", "up", "keys/allowed"}) || p.Signals.Errors.Line != "ERROR: boom" || p.Signals.Requests.Labels["a"] != "b" || p.Network.Monitoring != "mon" {
		t.Errorf("%+v", p)
	}
}

const signedException = `exceptions:
  - control: canary.window
    environment: production
    reason: the sandbox has no patience
    owner: platform team
    expires: 2027-02-01
canary: {window: 20s}
`

func day(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestExceptionHoldsUntilTheEndOfItsLastDay(t *testing.T) {
	p := mustParse(t, least+signedException)
	for at, holds := range map[string]bool{
		"2026-11-23T00:00:00Z": true, "2027-02-01T00:00:00Z": true, "2027-02-01T23:59:59Z": true,
		"2027-02-02T00:00:00Z": false, "2027-02-01T23:59:59-05:00": false, "2027-02-02T00:30:00+01:00": true,
	} {
		if got := p.Excepted(ControlWindow, "production", day(at)); got != holds {
			t.Errorf("at %s: %t", at, got)
		}
		err := p.WeakenedWithoutException("production", day(at))
		if (err == nil) != holds || (err != nil && (fault.Code(err) != fault.CodeUsage || !strings.Contains(fault.Hints(err)[0], "expired on 2027-02-01"))) {
			t.Errorf("at %s: %v, hints %q", at, err, fault.Hints(err))
		}
	}
}

func TestExceptionCoversOnlyWhatItNames(t *testing.T) {
	p := mustParse(t, least+"  staging: {context: stage, namespace: clawql-staging, overlay: over}\n"+signedException)
	now := day("2026-11-23T00:00:00Z")
	if p.Excepted(ControlWindow, "staging", now) || p.Excepted(ControlWeight, "production", now) || p.Excepted("", "production", now) {
		t.Error("an exception covers more than it names")
	}
	if err := p.WeakenedWithoutException("staging", now); err == nil || !strings.Contains(fault.Hints(err)[0], "record an exception") {
		t.Errorf("%v", err)
	}
	if got := len(p.ActiveExceptions("production", now)); got != 1 {
		t.Errorf("%d active", got)
	}
	if text := p.Exceptions[0].String(); text != "canary.window: the sandbox has no patience (platform team, until 2027-02-01)" {
		t.Error(text)
	}
}

func TestWeakening(t *testing.T) {
	now := day("2026-11-23T00:00:00Z")
	for setting, control := range map[string]string{
		"canary: {window: 29m59s}": ControlWindow, "canary: {weight: 4}": ControlWeight, "canary: {weight: 6}": ControlWeight,
		"canary: {window: 30m}": "", "canary: {window: 2h}": "", "canary: {weight: 5}": "",
	} {
		err := mustParse(t, least+setting+"\n").WeakenedWithoutException("production", now)
		if control == "" && err != nil || control != "" && (err == nil || !strings.Contains(err.Error(), control)) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func TestDurationAndDateGoThereAndBack(t *testing.T) {
	for _, text := range []string{`"30m0s"`, `"1h30m0s"`, `"20s"`} {
		var d Duration
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		if back, _ := json.Marshal(d); string(back) != text {
			t.Errorf("%s became %s", text, back)
		}
	}
	var d Date
	if err := json.Unmarshal([]byte(`"2028-02-29"`), &d); err != nil || d.String() != "2028-02-29" {
		t.Errorf("%v, %v", d, err)
	}
}

func TestStateDir(t *testing.T) {
	none := func(string) string { return "" }
	if got := StateDir("/repo", none); got != "/repo/.clawql-workspace" {
		t.Error(got)
	}
	if got := StateDir("/repo", func(name string) string { return map[string]string{EnvStateDir: "/state"}[name] }); got != "/state" {
		t.Error(got)
	}
}
