package driftcheck

import (
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
)

var (
	today    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tomorrow = project.Date(today.AddDate(0, 0, 1))
)

// What somebody can name must not slip under an exception that was written for
// another thing.
func TestNamesDoNotWidenExceptions(t *testing.T) {
	for _, one := range []struct {
		pattern                         string
		apiVersion, kind, namespace, is string
		covered                         bool
	}{
		{"ConfigMap clawql/settings", "v1", "ConfigMap", "clawql", "settings", true},
		{"ConfigMap clawql/settings", "evil.example.com/v1", "ConfigMap", "clawql", "settings", false}, // a custom resource of that name
		{"ConfigMap.evil.example.com clawql/settings", "evil.example.com/v1", "ConfigMap", "clawql", "settings", true},
		{"ConfigMap.evil.example.com clawql/settings", "v1", "ConfigMap", "clawql", "settings", false},
		{"Deployment.apps clawql/gateway", "apps/v1", "Deployment", "clawql", "gateway", true},
		{"Widget clawql/a", "example.com/v1", "Widget", "clawql", "a", true},
		{"NetworkPolicy clawql/allow-*", "networking.k8s.io/v1", "NetworkPolicy", "clawql", "allow-metrics", true},
		{"NetworkPolicy clawql/allow-*", "crd.projectcalico.org/v1", "NetworkPolicy", "clawql", "allow-metrics", false},
		{"NetworkPolicy clawql/allow-*", "networking.k8s.io/v1", "NetworkPolicy", "clawql", "default-allow-all", false},
		{"NetworkPolicy clawql/allow-*", "networking.k8s.io/v1", "NetworkPolicy", "clawql-evil", "allow-metrics", false},
		{"NetworkPolicy clawql/allow-*", "networking.k8s.io/v1", "NetworkPolicy", "", "clawql/allow-", true}, // the same text: no reader lets such a name in
		{"* admin", "rbac.authorization.k8s.io/v1", "User", "", "admin", true},
		{"* admin", "rbac.authorization.k8s.io/v1", "User", "", "evil admin", false}, // a star does not reach from the kind into the name
		{"User *admin", "rbac.authorization.k8s.io/v1", "User", "", "evil admin", true},
		{"User admin", "rbac.authorization.k8s.io/v1", "User", "", "admin ", false},
		{"User admin", "rbac.authorization.k8s.io/v1", "User", "", "Admin", false},
		{"User admin", "rbac.authorization.k8s.io/v1", "User", "", "admin\x00", false},
		{"User admin", "rbac.authorization.k8s.io/v1", "User", "", "adm\u200bin", false},
		{"Group *", "rbac.authorization.k8s.io/v1", "Group", "", "ldap/admins", false},
		{"User [a-c]*", "rbac.authorization.k8s.io/v1", "User", "", "[a-c]*", false},
		{"User *", "rbac.authorization.k8s.io/v1", "ServiceAccount", "clawql", "x", false},
		{"ServiceAccount clawql/*", "v1", "ServiceAccount", "clawql", "a/b", false},
	} {
		f := finding.Finding{Control: "Object", Direction: finding.Different, Object: finding.Object{APIVersion: one.apiVersion, Kind: one.kind, Namespace: one.namespace, Name: one.is}}
		e := project.DriftException{Control: "Object", Object: one.pattern, Reason: "a test needs it", Owner: "me", Expires: tomorrow}
		r := &Report{Findings: []finding.Finding{f}}
		r.Except([]project.DriftException{e}, today)
		if covered := len(r.Excepted) == 1; covered != one.covered || (len(r.Findings) == 0) != covered {
			t.Errorf("%q and %q %s %s/%q: covered is %v", one.pattern, one.apiVersion, one.kind, one.namespace, one.is, covered)
		}
	}
}

// An exception covers its control, its direction and its time, and never what
// could not be compared.
func TestExceptionsAreNarrow(t *testing.T) {
	e := project.DriftException{Control: "RBAC", Object: "ServiceAccount clawql/a", Direction: "more-permissive", Reason: "a test needs it", Owner: "me", Expires: tomorrow}
	f := finding.Finding{Control: "RBAC", Severity: finding.High, Direction: finding.MorePermissive, Object: finding.Object{APIVersion: "v1", Kind: "ServiceAccount", Namespace: "clawql", Name: "a"}}
	status := func(e project.DriftException, f finding.Finding, incomplete ...string) (finding.Status, string) {
		r := &Report{Findings: []finding.Finding{f}, Incomplete: incomplete}
		r.Except([]project.DriftException{e}, today)
		return r.Status, strings.Join(r.Warnings, "; ")
	}
	if got, warned := status(e, f); got != finding.Equal || warned != "" {
		t.Errorf("covered: %s, %s", got, warned)
	}
	if got, _ := status(e, f, "no right to list roles"); got != finding.Incomplete {
		t.Errorf("an exception makes a partial comparison whole: %s", got)
	}
	for name, change := range map[string]func(*project.DriftException, *finding.Finding){
		"another control":     func(_ *project.DriftException, f *finding.Finding) { f.Control = "Object" },
		"another direction":   func(_ *project.DriftException, f *finding.Finding) { f.Direction = finding.Stricter },
		"no word for it":      func(e *project.DriftException, _ *finding.Finding) { e.Direction = "" },
		"expired yesterday":   func(e *project.DriftException, _ *finding.Finding) { e.Expires = project.Date(today.AddDate(0, 0, -1)) },
		"no day at all":       func(e *project.DriftException, _ *finding.Finding) { e.Expires = project.Date{} },
		"a pattern of no use": func(e *project.DriftException, _ *finding.Finding) { e.Object = "ServiceAccount [" },
		"a pattern of a word": func(e *project.DriftException, _ *finding.Finding) { e.Object = "*" },
	} {
		e, f := e, f
		change(&e, &f)
		if got, warned := status(e, f); got != finding.Drift || warned == "" {
			t.Errorf("%s: %s, warned %q", name, got, warned)
		}
	}
}
