package istio

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// translator is Istio's own code, in a program that `make test-drift-oracle`
// builds: it translates policies to Envoy's filters and asks those.
type translator struct{ *oracletest.Lines }

func startTranslator(t *testing.T) *translator {
	t.Helper()
	return &translator{oracletest.Start(t, oracletest.Path(t, "CLAWQL_ORACLE_ISTIO", "oracle", "test-drift-oracle"))}
}

// asked is a request, and the kind of policies that it is asked of.
type asked struct {
	Kind string
	Request
}

type said struct {
	Refused string
	Allowed []bool
	Second  int
}

func (o *translator) ask(t *testing.T, side []Resource, requests []asked) said {
	t.Helper()
	objects := []any{}
	for _, r := range side {
		objects = append(objects, r.Raw)
	}
	var answer said
	o.Ask(t, map[string]any{"Objects": objects, "Ask": requests}, &answer)
	if answer.Refused == "" && len(answer.Allowed) != len(requests) {
		t.Fatalf("Istio answered %d of %d requests", len(answer.Allowed), len(requests))
	}
	return answer
}

// TestAgainstIstio: of requests drawn without looking at the policies Allows
// says what Istio says. So does every witness: the one side lets it through,
// the other does not; and every kind of request that the search tells apart.
func TestAgainstIstio(t *testing.T) {
	istio := startTranslator(t)
	yes, no, witnesses, kinds, second, refused := 0, 0, 0, 0, 0, 0
	for seed := range 5000 {
		d := newDice(seed)
		a, b := d.pair()
		sides := [2][]Resource{a, b}
		found, err := run(a, b, sideNames)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		requests, want := d.questions(found, &witnesses, &kinds)
		for side := range sides {
			if slices.ContainsFunc(found.sides[side], func(p policy) bool { return p.unsure }) {
				continue
			}
			answer := istio.ask(t, sides[side], requests)
			if answer.Refused != "" {
				refused++
				continue
			}
			second += answer.Second
			for i, q := range requests {
				expected := Allows(sides[side], q.Kind, q.Request)
				if want[i] != nil {
					expected = want[i][side]
				}
				if answer.Allowed[i] != expected {
					text, _ := json.MarshalIndent(sides[side], "", " ")
					t.Fatalf("seed %d: side %d lets through %+v: Istio says %v\n%s", seed, side, q, answer.Allowed[i], text)
				}
				*map[bool]*int{true: &yes, false: &no}[answer.Allowed[i]]++
			}
		}
	}
	t.Logf("%d let through, %d refused; %d witnesses, %d kinds of requests; gRPC's engine said the same of %d; %d sides that Istio would not take", yes, no, witnesses, kinds, second, refused)
	if yes < 20_000 || no < 20_000 || witnesses < 3000 || kinds < 5000 || second < 5000 || refused > 500 {
		t.Error("too little was asked")
	}
}

// questions are drawn requests, those of findings, and some of those that the
// search tells apart, with what the comparer says of each side to these.
func (d dice) questions(found *comparer, witnesses, kinds *int) (requests []asked, want []*[2]bool) {
	for range 10 {
		requests = append(requests, asked{"AuthorizationPolicy", d.ask()}, asked{"PeerAuthentication", d.ask()})
	}
	want = make([]*[2]bool, len(requests))
	for object, both := range found.found {
		for permissive, r := range both {
			if r != nil {
				*witnesses++
				requests, want = append(requests, asked{object.Kind, *r}), append(want, &[2]bool{permissive == 0, permissive == 1})
			}
		}
	}
	for _, namespace := range found.namespaces("AuthorizationPolicy") {
		s := newScope(namespace, "AuthorizationPolicy", found.sides)
		if s.unsure() {
			continue
		}
		for _, labels := range s.pods() {
			s.each(labels, func(both [2]deciders, o outcome) {
				if d.in(8) {
					*kinds++
					requests, want = append(requests, asked{"AuthorizationPolicy", o.request}), append(want, &[2]bool{both[0].pass(o.alive), both[1].pass(o.alive)})
				}
			})
		}
	}
	return requests, want
}
