package rbac

import (
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// authorizer is Kubernetes' own RBAC authorizer, in a program that
// `make test-drift-oracle` builds.
type authorizer struct{ *oracletest.Lines }

func startAuthorizer(t *testing.T) *authorizer {
	t.Helper()
	return &authorizer{oracletest.Start(t, oracletest.Path(t, "CLAWQL_ORACLE_RBAC", "oracle", "test-drift-oracle"))}
}

func (a *authorizer) ask(t *testing.T, side Side, requests []Request) []bool {
	t.Helper()
	var allowed []bool
	a.Ask(t, struct {
		Side
		Ask []Request
	}{side, requests}, &allowed)
	if len(allowed) != len(requests) {
		t.Fatalf("the authorizer answered %d of %d requests", len(allowed), len(requests))
	}
	return allowed
}

// TestAgainstTheAuthorizer: Evaluate says what the authorizer says, and so does
// every witness: allowed by the one side, denied by the other.
func TestAgainstTheAuthorizer(t *testing.T) {
	judge := startAuthorizer(t)
	universe := smallUniverse()
	yes, no, witnesses := 0, 0, 0
	for seed := range int64(cases(500, 10_000)) {
		d := dice{rand.New(rand.NewSource(seed))}
		a, b := pair(seed)
		var requests []Request
		for _, p := range principals([2]Side{a, b}) {
			for range 25 {
				r := universe[d.Intn(len(universe))]
				r.User, r.Groups = p.user, p.groups
				requests = append(requests, r)
			}
		}
		findings := slices.DeleteFunc(mustCompare(t, seed, a, b), func(f finding.Finding) bool { return f.Witness == nil })
		for _, f := range findings {
			requests = append(requests, requestOf(f.Witness))
		}
		for s, side := range []Side{a, b} {
			for i, allowed := range judge.ask(t, side, requests) {
				answer, err := Evaluate(side, requests[i])
				if err != nil || answer.Allowed != allowed {
					t.Fatalf("seed %d: %+v: Evaluate says %+v (%v), the authorizer %v", seed, requests[i], answer, err, allowed)
				}
				if allowed {
					yes++
				} else {
					no++
				}
				if w := i - (len(requests) - len(findings)); w >= 0 {
					witnesses++
					if allowed != (s == 0) == (findings[w].Direction == finding.MorePermissive) {
						t.Fatalf("seed %d side %d: %s: %s is %v", seed, s, findings[w].Direction, findings[w].Witness.Text, allowed)
					}
				}
			}
		}
	}
	t.Logf("%d requests allowed, %d denied, %d of them witnesses", yes, no, witnesses)
	if yes == 0 || no == 0 || witnesses == 0 {
		t.Error("the generator draws nothing of worth")
	}
}

// requestOf reads a witness as a program would.
func requestOf(w *finding.Witness) Request {
	d := w.Details
	r := Request{User: d["user"], Verb: d["verb"], Path: d["path"], Group: d["group"], Resource: d["resource"], Subresource: d["subresource"], Namespace: d["namespace"], Name: d["name"]}
	if d["groups"] != "" {
		r.Groups = strings.Split(d["groups"], ",")
	}
	return r
}
