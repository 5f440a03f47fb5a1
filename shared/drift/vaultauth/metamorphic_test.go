package vaultauth

import (
	"encoding/json"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

func directions(r *verdict.Result, flip bool) []string {
	var all []string
	for _, f := range r.Findings {
		if flip {
			f.Direction = f.Direction.Flip()
		}
		text := string(f.Direction) + " " + f.Object.String()
		if f.Witness != nil {
			text += " " + f.Witness.Text
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

func none1(t *testing.T, seed int64, a, b drawn, d finding.Direction) {
	t.Helper()
	for _, f := range mustCompare(t, a.side(), b.side(), Options{}).Findings {
		if f.Direction == d {
			t.Fatalf("seed %d: %s %v\n%s\n%s", seed, d, f.Witness, a, b)
		}
	}
}

func TestMetamorphic(t *testing.T) {
	differ := map[string]int{}
	for seed := range int64(cases(250, 10_000)) {
		d := dice{rand.New(rand.NewSource(seed))}
		kind := drawnKinds[seed%int64(len(drawnKinds))]
		a, b := d.pair(kind)
		if same := mustCompare(t, a.side(), a.side(), Options{}); len(same.Findings)+len(same.Incomplete) > 0 {
			t.Fatalf("seed %d: a side differs from itself: %v\n%s", seed, said(same), a)
		}
		there, back := mustCompare(t, a.side(), b.side(), Options{}), mustCompare(t, b.side(), a.side(), Options{})
		if !slices.Equal(directions(there, false), directions(back, true)) || len(there.Incomplete) != len(back.Incomplete) {
			t.Fatalf("seed %d: %v, swapped %v\n%s\n%s", seed, directions(there, false), directions(back, true), a, b)
		}
		for _, f := range there.Findings {
			differ[kind+" "+string(f.Direction)]++
		}
		if other := mustCompare(t, a.side(), a.scrambled(d).side(), Options{}); len(other.Findings)+len(other.Incomplete) > 0 {
			t.Fatalf("seed %d: in other words: %v\n%s\n%s", seed, said(other), a, a.scrambled(d))
		}
		if more, added := a.added(d); added {
			none1(t, seed, more, a, finding.Stricter)
			none1(t, seed, a, more, finding.MorePermissive)
		}
	}
	for _, kind := range drawnKinds {
		for _, way := range []finding.Direction{finding.MorePermissive, finding.Stricter} {
			if differ[kind+" "+string(way)] == 0 {
				t.Errorf("%s was never %s: the test shows nothing", kind, way)
			}
		}
	}
	t.Log(differ)
}

// scrambled says the same in other words: lists turned round, with doubles, or
// as texts; numbers as texts and times; older names.
func (one drawn) scrambled(d dice) drawn {
	other := drawn{one.kind, scramble(d, one.config), scramble(d, one.tune), scramble(d, one.role)}
	if one.kind != "ldap" && one.kind != "token" {
		for _, name := range []string{"policies", "ttl", "max_ttl", "period", "num_uses", "bound_cidrs"} {
			if value, has := other.role["token_"+name]; has && d.in(2) {
				other.role[name] = value
				if d.in(2) {
					delete(other.role, "token_"+name)
				}
			}
		}
	}
	return other
}

func scramble(d dice, t table) table {
	if t == nil {
		return nil
	}
	made := table{}
	for _, name := range slices.Sorted(keys(t)) {
		made[name] = scrambleValue(d, name, t[name])
	}
	return made
}

func scrambleValue(d dice, name string, value any) any {
	switch value := value.(type) {
	case []any:
		list := slices.Clone(value)
		d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if d.in(2) {
			list = append(list, list[0])
		}
		var texts []string
		for _, one := range list {
			texts = append(texts, one.(string))
		}
		return []any{list, texts, strings.Join(texts, ",")}[d.Intn(3)]
	case float64:
		return []any{value, int(value), int64(value), json.Number(plain(value)), plain(value)}[d.Intn(5)]
	case table:
		made := table{} // of claims, where a comma belongs to the text
		for _, claim := range slices.Sorted(keys(value)) {
			made[claim] = value[claim]
			if list, is := value[claim].([]any); is && len(list) == 1 {
				made[claim] = list[0]
			}
		}
		return made
	}
	return value
}

// grows are lists to which a word more lets more in, where they have any.
var grows = map[string][]string{
	"bound_service_account_names": {"z", "z*"}, "bound_service_account_namespaces": {"z", "a*"}, "pem_keys": {"key three"},
	"secret_id_bound_cidrs": {"192.168.0.0/16"}, "token_bound_cidrs": {"192.168.0.0/16", "10.0.0.0/7"}, "jwt_validation_pubkeys": {"key three"},
	"bound_audiences": {"w"}, "allowed_policies": {"q", "new"}, "allowed_policies_glob": {"n*"}, "allowed_common_names": {"z"},
	"allowed_dns_sans": {"z*"}, "allowed_entity_aliases": {"e", "z*"}, "token_policies": {"q", "pq"}, "policies": {"q"},
}

// added lets more in, or gives more.
func (one drawn) added(d dice) (drawn, bool) {
	more := drawn{one.kind, with(one.config), one.tune, with(one.role)}
	if one.config == nil {
		more.config = nil
	}
	for _, i := range d.Perm(2) {
		part := []table{more.config, more.role}[i]
		names := slices.Sorted(keys(part))
		d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			list, is := part[name].([]any)
			if words := grows[name]; is && len(words) > 0 && len(list) > 0 {
				part[name] = append(slices.Clone(list), d.one(words...))
				return more, true
			}
		}
	}
	return more, false
}

// TestNothingIsMissed: where a point of a small universe is allowed by one side
// alone, there is a finding in that direction.
func TestNothingIsMissed(t *testing.T) {
	shown := map[string]int{}
	for seed := range int64(cases(250, 6000)) {
		d := dice{rand.New(rand.NewSource(seed))}
		kind := drawnKinds[seed%int64(len(drawnKinds))]
		a, b := d.pair(kind)
		r := mustCompare(t, a.side(), b.side(), Options{})
		var says [2]bool
		for _, f := range r.Findings {
			says[0] = says[0] || f.Direction == finding.MorePermissive
			says[1] = says[1] || f.Direction == finding.Stricter
		}
		for range 150 {
			l, q := d.login(kind), d.ask(kind)
			x, y := mustEvaluate(t, a, l, q), mustEvaluate(t, b, l, q)
			if x == y {
				continue
			}
			allows := map[bool]int{true: 0, false: 1}[x]
			if !says[allows] && len(r.Incomplete) == 0 {
				t.Fatalf("seed %d: side %d alone allows %s %s, and no finding says so: %v\n%s\n%s", seed, allows, l, q, said(r), a, b)
			}
			shown[kind]++
		}
	}
	for _, kind := range drawnKinds {
		if shown[kind] == 0 {
			t.Errorf("%s: no point ever told the sides apart", kind)
		}
	}
	t.Log(shown)
}

func mustEvaluate(t *testing.T, one drawn, l Login, q Ask) bool {
	t.Helper()
	types := []string{""}
	if l.Type == "token" { // what counts is what may be asked for
		types = []string{"service", "batch"}
	}
	allowed := false
	for _, l.Creation.Type = range types {
		answer, err := Evaluate(one.side(), l, q)
		if err != nil {
			t.Fatalf("%v\n%s", err, one)
		}
		allowed = allowed || answer.Allowed
	}
	return allowed
}
