package vaultacl

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// TestAgainstVault: each witness is allowed by the one side and denied by the
// other when the real Vault is asked, and Evaluate says of other requests what
// Vault says.
func TestAgainstVault(t *testing.T) {
	vault := startServer(t)
	paths, demands := smallPaths(), smallDemands()
	witnesses, others, unasked := 0, [2]int{}, 0
	for seed := range int64(cases(100, 2000)) {
		a, b := pair(seed)
		sides := [2][]Policy{a.policies(), b.policies()}
		if seed%5 == 0 { // two policies of one token
			sides[1] = append(sides[1], Policy{"more", b.again(seed).text()})
		}
		var tokens [2]string
		for s := range sides {
			tokens[s] = vault.token(t, fmt.Sprintf("s%d-%d", seed, s), sides[s])
		}
		r, err := CompareSets(finding.Object{Kind: "VaultPolicy", Name: "p"}, sides[0], sides[1], Options{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, f := range r.Findings {
			w := requestOf(t, f.Witness)
			if !askable(w) && bits(t, sides[0], w) == bits(t, sides[1], w) {
				unasked++ // only parameters or wrapping tell the sides apart
				continue
			}
			witnesses++
			for s, token := range tokens {
				want := (s == 0) == (f.Direction == finding.MorePermissive)
				if got := vault.allows(t, token, w); got != want {
					t.Fatalf("seed %d side %d: %s: Vault says %v, the finding %v\n%v", seed, s, f.Witness.Text, got, want, sides[s])
				}
			}
		}
		d := dice{rand.New(rand.NewSource(seed))}
		for range 6 {
			q := d.request(paths, demands)
			for s, token := range tokens {
				answer, err := Evaluate(sides[s], q)
				if !askable(q) {
					answer.Allowed = bits(t, sides[s], q)
				}
				if got := vault.allows(t, token, q); err != nil || got != answer.Allowed {
					t.Fatalf("seed %d side %d: %s: Vault says %v, Evaluate %+v %v\n%v", seed, s, q, got, answer, err, sides[s])
				}
				if answer.Allowed {
					others[1]++
				} else {
					others[0]++
				}
			}
		}
	}
	t.Logf("%d witnesses asked, %d could not be; of other requests %d allowed, %d denied", witnesses, unasked, others[1], others[0])
	if witnesses < 20*unasked || others[0] == 0 || others[1] == 0 {
		t.Error("the generator draws nothing of worth")
	}
}

// bits is what the capabilities alone say, without parameters and wrapping:
// all that Vault tells where there is no request to make.
func bits(t *testing.T, policies []Policy, r Request) bool {
	t.Helper()
	m, err := merge(policies)
	if err != nil {
		t.Fatal(err)
	}
	path := m.find(r)
	return path != "" && m.rules[path].capabilities.has(r.Capability)
}

// again draws stanzas for some of p's own paths, so that they are merged.
func (p drawn) again(seed int64) drawn {
	d := dice{rand.New(rand.NewSource(-seed))}
	var list drawn
	for _, s := range p {
		one := d.stanza()
		one.path = s.path
		list = append(list, one)
	}
	return list
}

func (d dice) request(paths []string, demands []demand) Request {
	r := Request{Path: paths[d.Intn(len(paths))], Capability: granted[d.Intn(len(granted))]}
	if d.in(2) || r.Path == "kv" { // Vault takes a mount's own path for one with a slash
		r.Path = "kv/" + r.Path
	}
	if checksParameters[r.Capability] && d.in(2) && askable(r) {
		one := demands[d.Intn(len(demands))]
		r.Data, r.Wrap = one.data, one.wrap
	}
	return r
}

// requestOf reads a witness as a program would.
func requestOf(t *testing.T, w *finding.Witness) Request {
	t.Helper()
	r, err := RequestOf(*w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
