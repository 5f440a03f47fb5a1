package webhook

import (
	"bytes"
	"encoding/json"
	"math/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
)

// cases is how many configurations are drawn: many where CLAWQL_REQUIRE names
// the oracle.
func cases(few, many int) int {
	if slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "oracle") {
		return many
	}
	return few
}

// inquiry is a line for the oracle.
type inquiry struct {
	Rules []admissionv1.RuleWithOperations
	Ask   []Request
}

// TestAsTheAPIServerMatches: of every request that the rules tell apart, the
// API server's own code says what both evaluators say.
func TestAsTheAPIServerMatches(t *testing.T) {
	program := os.Getenv("CLAWQL_ORACLE_RBAC")
	if program == "" {
		if cases(0, 1) == 1 {
			t.Fatal("CLAWQL_REQUIRE asks for the oracle, but CLAWQL_ORACLE_RBAC names no program")
		}
		t.Skip("CLAWQL_ORACLE_RBAC names no program: make test-drift-oracle builds it")
	}
	r := rand.New(rand.NewSource(2))
	var drawn []inquiry
	var in bytes.Buffer
	for range cases(50, 1000) {
		one := inquiry{Rules: []admissionv1.RuleWithOperations{drawnRule(r), drawnRule(r)}}
		one.Ask, _ = rulePoints(one.Rules)
		drawn = append(drawn, one)
		if err := json.NewEncoder(&in).Encode(one); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), program, "webhooks")
	command.Stdin, command.Stderr = &in, os.Stderr
	said, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := json.NewDecoder(bytes.NewReader(said))
	asked, matched := 0, 0
	for _, one := range drawn {
		var want []bool
		if err := answers.Decode(&want); err != nil || len(want) != len(one.Ask) {
			t.Fatalf("%d answers to %d questions: %v", len(want), len(one.Ask), err)
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
