package webhook

import (
	"math/rand"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/clawql/clawql-workbench/shared/oracletest"
)

var cases = oracletest.Cases

// inquiry is a line for the oracle.
type inquiry struct {
	Rules []admissionv1.RuleWithOperations
	Ask   []Request
}

// TestAsTheAPIServerMatches: of every request that the rules tell apart, the
// API server's own code says what both evaluators say.
func TestAsTheAPIServerMatches(t *testing.T) {
	server := oracletest.Start(t, oracletest.Path(t, "CLAWQL_ORACLE_RBAC", "oracle", "test-drift-oracle"), "webhooks")
	r := rand.New(rand.NewSource(2))
	asked, matched := 0, 0
	for range cases(50, 1000) {
		one := inquiry{Rules: []admissionv1.RuleWithOperations{drawnRule(r), drawnRule(r)}}
		one.Ask, _ = rulePoints(one.Rules)
		var want []bool
		if server.Ask(t, one, &want); len(want) != len(one.Ask) {
			t.Fatalf("%d answers to %d questions", len(want), len(one.Ask))
		}
		configuration := kyverno(rules(one.Rules...))
		for i, request := range one.Ask {
			asked++
			if want[i] {
				matched++
			}
			if got := !Evaluate(configuration, "kyverno", "validate.kyverno.svc-fail", request); got != want[i] || ruled(one.Rules, request) != want[i] {
				t.Fatalf("%+v\n%+v: the server says %v, we %v and %v", one.Rules, request, want[i], got, ruled(one.Rules, request))
			}
		}
	}
	t.Logf("%d requests asked, %d match", asked, matched)
	if matched < asked/50 || matched > asked-asked/50 {
		t.Errorf("%d of %d requests match", matched, asked)
	}
}
