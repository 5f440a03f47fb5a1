package vaultauth

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// asked kinds: of ldap and clouds there would be a directory to stand in for.
var askedKinds = []string{"kubernetes", "approle", "jwt", "token", "jwt", "kubernetes", "approle", "token", "userpass", "cert", "cert"}

// tally of what was asked of the real Vault.
type tally struct{ pairs, refused, witnesses, unasked, points, allowed, tokens int }

// TestAgainstVault: the real Vault has both sides; each witness really logs in
// and asks, and is allowed by the one and denied by the other. Other logins and
// questions get the answer that Evaluate gives, and tokens have the policies
// and times that are computed.
func TestAgainstVault(t *testing.T) {
	s, keys, k := startServer(t), newKeyring(t), startCluster(t)
	byKind, total := map[string]int{}, tally{}
	for seed := range int64(cases(40, 600)) {
		d := dice{rand.New(rand.NewSource(seed))}
		kind := askedKinds[seed%int64(len(askedKinds))]
		a, b := d.pair(kind)
		var sides [2]*real
		for i, one := range []drawn{a, b} {
			sides[i] = s.write(one, keys, k, i)
		}
		if sides[0] != nil && sides[1] != nil {
			before := total.witnesses
			total.pairs++
			o := &oracle{t: t, seed: seed, sides: sides, tally: &total}
			o.witnesses()
			o.others(d)
			byKind[kind] += total.witnesses - before
		} else {
			total.refused++
		}
		for _, side := range sides {
			if side != nil {
				side.remove()
			}
		}
	}
	t.Logf("%+v; witnesses by kind %v", total, byKind)
	if total.refused > total.pairs || total.unasked*8 > total.witnesses || total.allowed*20 < total.points || total.tokens == 0 {
		t.Error("the generator draws nothing of worth")
	}
	for _, kind := range askedKinds {
		if byKind[kind] == 0 {
			t.Errorf("no witness of %s was asked", kind)
		}
	}
}

type oracle struct {
	t     *testing.T
	seed  int64
	sides [2]*real
	*tally
}

// witnesses are asked of both sides.
func (o *oracle) witnesses() {
	o.t.Helper()
	r, err := Compare(o.sides[0].side, o.sides[1].side, Options{})
	if err != nil || len(r.Incomplete) > 0 {
		o.t.Fatalf("seed %d: %v %v", o.seed, err, r)
	}
	for _, f := range r.Findings {
		if f.Witness == nil {
			continue
		}
		l, q := readWitness(o.t, f.Witness)
		permissive := map[finding.Direction]int{finding.MorePermissive: 0, finding.Stricter: 1}[f.Direction]
		asked := true
		for i := range o.sides {
			got, askable := o.ask(i, permissive, l, q)
			asked = asked && askable
			if want := i == permissive; askable && got != want {
				o.t.Fatalf("seed %d side %d: %s: Vault says %v, the finding %v\n%s\n%s", o.seed, i, f.Witness.Text, got, want, o.sides[0], o.sides[1])
			}
		}
		if asked {
			o.tally.witnesses++
		} else {
			o.unasked++
		}
	}
}

// preferred are those that both have, and then all the others.
func preferred(mine, theirs []signing) []signing {
	list := slices.DeleteFunc(slices.Clone(mine), func(one signing) bool { return !slices.Contains(theirs, one) })
	return slices.Concat(list, mine, theirs)
}

// ask a side; where the login names no key or algorithm, what the sides share,
// or what the first of them takes.
func (o *oracle) ask(side, first int, l Login, q Ask) (allowed, askable bool) {
	o.t.Helper()
	r := o.sides[side]
	g, in, askable := r.login(l, preferred(o.sides[first].signs(), o.sides[1-first].signs()))
	if !in || !askable {
		return false, askable
	}
	o.token(side, g)
	return r.does(g, l, q)
}

// signs are the ways in which a token that the side takes can be signed.
func (r *real) signs() []signing {
	s := r.spec()
	list := s.jwt.signs
	for _, key := range s.kube.keys {
		list = append(list, signing{key, "ES256"})
	}
	return list
}

// token: it has the policies and the time that are computed.
func (o *oracle) token(side int, g *given) {
	o.t.Helper()
	want := o.sides[side].spec().token
	if o.sides[side].kind == "token" {
		return
	}
	o.tokens++
	slices.Sort(g.Policies)
	if !slices.Equal(g.Policies, want.policies) || g.Seconds != int64(want.forms[0].plain/time.Second) || g.Type != want.forms[0].kind() {
		o.t.Fatalf("seed %d side %d: Vault gives %v for %d s (%s), computed are %v for %s (%s)\n%s", o.seed, side, g.Policies, g.Seconds, g.Type, want.policies, want.forms[0].plain, want.forms[0].kind(), o.sides[side])
	}
}

// others are points of the universe, asked of both sides.
func (o *oracle) others(d dice) {
	o.t.Helper()
	kind := o.sides[0].kind
	for range 3 {
		l, q := d.login(kind), d.ask(kind)
		for i, r := range o.sides {
			l := r.near(d, l)
			answer, err := Evaluate(r.side, l, q)
			if err != nil {
				o.t.Fatalf("seed %d: %v", o.seed, err)
			}
			got, askable := o.ask(i, i, l, q)
			if !askable {
				continue
			}
			o.points++
			if got != answer.Allowed {
				o.t.Fatalf("seed %d side %d: %s %s (%+v): Vault says %v, Evaluate %+v\n%s", o.seed, i, l, q, l.JWT, got, answer, r)
			}
			if got {
				o.allowed++
			}
		}
	}
}

// near is the login with much of it as the side wants it: else hardly any gets
// in.
func (r *real) near(d dice, l Login) Login {
	base := Login{Mount: r.kind, Type: r.kind, Role: "r"}
	how, _ := methodOf(r.kind)
	s := r.spec()
	for _, g := range how.gates([2]spec{s, s}) {
		if g.within(0, &base) != found {
			return l
		}
	}
	if d.in(2) {
		l.Address = base.Address
	}
	if !d.in(3) {
		l.Account, l.SecretID, l.Creation = base.Account, base.SecretID, base.Creation
	}
	keep := l.JWT
	if !d.in(5) {
		l.JWT = base.JWT
		switch d.Intn(5) {
		case 0:
			l.JWT.Times = keep.Times
		case 1:
			l.JWT.Audiences = keep.Audiences
		case 2:
			l.JWT.Claims = keep.Claims
		case 3:
			l.JWT.Subject = keep.Subject
		}
	}
	return l
}

// TestTokensDie waits for real: of two tokens the shorter one is dead when
// Evaluate says so, and the other lives.
func TestTokensDie(t *testing.T) {
	s := startServer(t)
	role := table{"token_policies": []any{"p"}, "token_ttl": 1.0}
	short := s.write(drawn{"userpass", nil, nil, role}, nil, nil, 0)
	long := s.write(drawn{"userpass", nil, nil, with(role, "token_ttl", 600.0)}, nil, nil, 1)
	r := mustCompare(t, long.side, short.side, Options{})
	if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Witness.Text, "still lives after") {
		t.Fatal(said(r))
	}
	l, q := readWitness(t, r.Findings[0].Witness)
	var tokens []*given
	for _, one := range []*real{short, long} {
		g, in, _ := one.login(l, nil)
		if !in {
			t.Fatal("no login")
		}
		tokens = append(tokens, g)
	}
	time.Sleep(min(q.After, 4*time.Second))
	if q.After > 4*time.Second || short.alive(tokens[0]) || !long.alive(tokens[1]) {
		t.Errorf("after %s the shorter lives: %v, the longer: %v", q.After, short.alive(tokens[0]), long.alive(tokens[1]))
	}
}
