package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/finding"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// told is one finding of each kind of witness.
func told() (options, *driftcheck.Report) {
	r := &driftcheck.Report{Objects: 22, Incomplete: []string{"context b: secrets in namespace clawql: no right to list"}, Findings: []finding.Finding{
		{
			Control: "NetworkPolicy", Severity: finding.Critical, Direction: finding.MorePermissive,
			Object:      finding.Object{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: "clawql", Name: "allow-metrics"},
			Witness:     &finding.Witness{Kind: "connection", Text: "clawql/Deployment/gateway -> 10.3.0.7 port 9090/TCP", Details: map[string]string{"sourceWorkload": "Deployment/gateway", "sourceNamespace": "clawql", "destinationAddress": "10.3.0.7", "port": "9090", "protocol": "TCP"}},
			Explanation: "staging lets x reach y on 9090/TCP, production does not; ports in all: TCP 9090-9095",
		},
		{
			Control: "RBAC", Severity: finding.Critical, Direction: finding.MorePermissive,
			Object:      finding.Object{Kind: "ServiceAccount", Namespace: "clawql", Name: "gateway"},
			Witness:     &finding.Witness{Kind: "api-request", Text: "ServiceAccount clawql/gateway: create pods/exec in clawql"},
			Explanation: "staging lets ServiceAccount clawql/gateway, and production does not: create pods/exec in clawql",
			LastChanged: &finding.Change{Manager: "kubectl-edit", Time: noon.Add(-9*24*time.Hour - time.Hour)},
		},
		{
			Control: "Vault policy", Severity: finding.Warning, Direction: finding.Stricter,
			Object:      finding.Object{Kind: "VaultPolicy", Name: "clawql-eso-read"},
			Witness:     &finding.Witness{Kind: "vault-request", Text: "read secret/data/clawql/legacy"},
			Explanation: "production allows, and staging does not: read secret/data/clawql/legacy",
		},
		{
			Control: "Object", Severity: finding.Info, Direction: finding.Different, From: "10", To: "11",
			Object:      finding.Object{Kind: "ConfigMap", Namespace: "clawql", Name: strings.Repeat("long-name-", 12)},
			Explanation: "differs at spec.template.spec.containers[name=\"gateway\"].resources.limits.memory and in a good many places more",
		},
	}}
	r.Summary, r.Status = finding.Summarize(r.Findings), finding.Incomplete
	return options{from: side{name: "staging"}, to: side{name: "production"}}, r
}

func drawn(t *testing.T, columns int, color console.Color) string {
	t.Helper()
	var out bytes.Buffer
	o, r := told()
	s := console.Streams{Out: &out, Color: color, Size: func(io.Writer) (int, int, bool) { return columns, 24, true }}
	if err := writeTable(s, o, r, noon); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTable(t *testing.T) {
	text := drawn(t, 80, console.Never)
	for _, want := range []string{
		"staging -> production                                     22 objects, 4 findings\n",
		"MORE PERMISSIVE  critical  NetworkPolicy  clawql/allow-metrics\n                 staging lets clawql/Deployment/gateway reach 10.3.0.7 on\n                 9090/TCP; production does not\n                 ports in all: TCP 9090-9095\n",
		"                 staging: can create pods/exec in clawql; production: no\n                 (kubectl-edit, 9 days ago)\nstricter",
		"                 production lets its holder read secret/data/clawql/legacy;\n                 staging does not\ndifferent",
		"NOT COMPARED     context b: secrets in namespace clawql: no right to list\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestTableStaysInItsColumns(t *testing.T) {
	for _, columns := range []int{60, 80, 100} {
		for _, line := range strings.Split(drawn(t, columns, console.Never), "\n") {
			if console.Columns(line) > columns {
				t.Errorf("wider than %d: %q", columns, line)
			}
		}
	}
}

// Colour carries only what the words say.
func TestTableWithoutColourHasTheSameWords(t *testing.T) {
	coloured := drawn(t, 80, console.Always)
	if !strings.Contains(coloured, "\x1b[1;31mMORE PERMISSIVE") {
		t.Errorf("%q", coloured)
	}
	for _, code := range []string{"\x1b[1;31m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m"} {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	if coloured != drawn(t, 80, console.Never) {
		t.Errorf("other words in colour:\n%s", coloured)
	}
}

// A comparer's own sentence is kept, and its witness is never lost.
func TestSaysKeepsTheWitness(t *testing.T) {
	f := finding.Finding{Control: "Kyverno", Direction: finding.MorePermissive, Explanation: "staging admits a tag", Witness: &finding.Witness{Kind: "api-request", Text: "create Pod clawql/x"}}
	if text, more := says(f, "a", "b"); text != f.Explanation || more != "witness: create Pod clawql/x" {
		t.Errorf("%q, %q", text, more)
	}
	f.Explanation += ": create Pod clawql/x"
	if text, more := says(f, "a", "b"); text != f.Explanation || more != "" {
		t.Errorf("%q, %q", text, more)
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", time.Minute: "1 minute ago", 3 * time.Hour: "3 hours ago", 9 * 24 * time.Hour: "9 days ago",
		100 * 24 * time.Hour: "3 months ago", 800 * 24 * time.Hour: "2 years ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("%s: %s", d, got)
		}
	}
}
