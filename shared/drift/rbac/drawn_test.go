package rbac

import (
	"math/rand"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// dice draws small sides: two namespaces, a few roles and bindings, wildcards
// wherever there may be one.
type dice struct{ *rand.Rand }

func (d dice) one(of ...string) string { return of[d.Intn(len(of))] }
func (d dice) in(n int) bool           { return d.Intn(n) == 0 }

func (d dice) some(of ...string) []string {
	list := []string{d.one(of...)}
	for d.in(3) {
		list = append(list, d.one(of...))
	}
	return list
}

func (d dice) rule() rbacv1.PolicyRule {
	r := rbacv1.PolicyRule{Verbs: d.some("get", "create", "escalate", "*", "get")}
	if d.in(4) {
		r.NonResourceURLs = d.some("*", "/a", "/a*", "/ab*", "/abc", "/*", "b*", "/a**")
		return r
	}
	r.APIGroups = d.some("", "", "apps", "*", "rbac.authorization.k8s.io")
	r.Resources = d.some("pods", "pods/exec", "secrets", "*", "*/exec", "*/scale", "clusterroles", "pods/", "/x")
	if d.in(3) {
		r.ResourceNames = d.some("a", "b", "")
	}
	return r
}

func (d dice) rules() []rbacv1.PolicyRule {
	var list []rbacv1.PolicyRule
	for range 1 + d.Intn(3) {
		list = append(list, d.rule())
	}
	return list
}

func (d dice) subjects() []rbacv1.Subject {
	var list []rbacv1.Subject
	for range 1 + d.Intn(2) {
		s := rbacv1.Subject{Kind: d.one("User", "Group", "ServiceAccount")}
		switch s.Kind {
		case "User":
			s.Name = d.one("alice", "system:serviceaccount:n1:gw", "system:anonymous")
		case "Group":
			s.Name = d.one("devs", authenticated, unauthenticated, allAccounts, allAccounts+":n1", masters)
		default:
			s.Name, s.Namespace = "gw", d.one("n1", "n2", "")
		}
		list = append(list, s)
	}
	return list
}

func (d dice) ref(kinds ...string) rbacv1.RoleRef {
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: d.one(kinds...), Name: d.one("r1", "r2", "gone")}
}

func (d dice) side() Side {
	var side Side
	for _, name := range []string{"r1", "r2"} {
		side.ClusterRoles = append(side.ClusterRoles, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: d.rules()})
		side.Roles = append(side.Roles, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: "n1", Name: name}, Rules: d.rules()})
	}
	for i := range d.Intn(3) {
		side.ClusterRoleBindings = append(side.ClusterRoleBindings, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: string(rune('a' + i))}, Subjects: d.subjects(), RoleRef: d.ref("ClusterRole", "ClusterRole", "Role")})
	}
	for i := range d.Intn(4) {
		side.RoleBindings = append(side.RoleBindings, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: d.one("n1", "n2"), Name: string(rune('a' + i))}, Subjects: d.subjects(), RoleRef: d.ref("ClusterRole", "Role")})
	}
	return side
}

func clone(s Side) Side { return Mapping{}.Apply(s) }

// pair is two sides; every other time the second is the first with a role or
// binding changed.
func pair(seed int64) (Side, Side) {
	d := dice{rand.New(rand.NewSource(seed))}
	a := d.side()
	if d.in(2) {
		return a, d.side()
	}
	b := clone(a)
	switch {
	case d.in(3):
		b.ClusterRoles[d.Intn(2)].Rules = d.rules()
	case d.in(2):
		b.Roles[d.Intn(2)].Rules = append(b.Roles[0].Rules, d.rule())
	case len(b.RoleBindings) > 0:
		b.RoleBindings[0].Subjects = d.subjects()
	}
	return a, b
}

var cases = oracletest.Cases

func mustCompare(t *testing.T, seed int64, a, b Side) []finding.Finding {
	t.Helper()
	r, err := Compare(a, b, Options{})
	if err != nil || len(r.Incomplete) > 0 {
		t.Fatalf("seed %d: %v %+v", seed, err, r)
	}
	for _, f := range r.Findings {
		if f.ID == "" || (f.Direction == finding.Different) != (f.Witness == nil) || f.Witness != nil && f.Witness.Text == "" {
			t.Fatalf("seed %d: a finding without id, or with no witness though it has a direction: %+v", seed, f)
		}
	}
	return r.Findings
}

func none(t *testing.T, seed int64, list []finding.Finding, d finding.Direction) {
	t.Helper()
	for _, f := range list {
		if f.Direction == d {
			t.Fatalf("seed %d: %s: %+v %s", seed, d, f, f.Witness.Text)
		}
	}
}

func TestMetamorphic(t *testing.T) {
	found := 0
	for seed := range int64(cases(2000, 10_000)) {
		d := dice{rand.New(rand.NewSource(seed))}
		a, b := pair(seed)
		if same := mustCompare(t, seed, a, a); len(same) > 0 {
			t.Fatalf("seed %d: a side differs from itself: %+v", seed, same)
		}
		there, back := mustCompare(t, seed, a, b), mustCompare(t, seed, b, a)
		if !slices.Equal(said(there, false), said(back, true)) {
			t.Fatalf("seed %d: %v, swapped %v", seed, said(there, false), said(back, true))
		}
		found += len(there)
		if other := mustCompare(t, seed, a, d.scrambled(a)); len(other) > 0 {
			t.Fatalf("seed %d: reordered and split: %+v", seed, other)
		}
		more := clone(a)
		if len(more.RoleBindings) > 0 && d.in(2) {
			more.RoleBindings[0].Subjects = append(more.RoleBindings[0].Subjects, d.subjects()...)
		} else {
			more.ClusterRoles[0].Rules = append(more.ClusterRoles[0].Rules, d.rule())
		}
		none(t, seed, mustCompare(t, seed, more, a), finding.Stricter)
		none(t, seed, mustCompare(t, seed, a, more), finding.MorePermissive)
	}
	if found == 0 {
		t.Error("nothing ever differed: the test shows nothing")
	}
}

func said(list []finding.Finding, flip bool) []string {
	var all []string
	for _, f := range list {
		if flip {
			f.Direction = f.Direction.Flip()
		}
		all = append(all, string(f.Direction)+" "+f.Object.Kind+" "+f.Object.String())
	}
	slices.Sort(all)
	return all
}

// scrambled says the same in other words: in another order, each rule cut into
// one a verb, bindings cut into one a subject, roles bound twice.
func (d dice) scrambled(s Side) Side {
	s = clone(s)
	for _, role := range s.ClusterRoles {
		role.Rules = d.cut(role.Rules)
	}
	for _, role := range s.Roles {
		role.Rules = d.cut(role.Rules)
	}
	var bindings []*rbacv1.RoleBinding
	for _, b := range s.RoleBindings {
		for i, one := range b.Subjects {
			single := b.DeepCopy()
			single.Name += string(rune('0' + i))
			single.Subjects = []rbacv1.Subject{one}
			bindings = append(bindings, single, b)
		}
	}
	s.RoleBindings = bindings
	slices.Reverse(s.ClusterRoleBindings)
	slices.Reverse(s.Roles)
	return s
}

func (d dice) cut(rules []rbacv1.PolicyRule) []rbacv1.PolicyRule {
	var list []rbacv1.PolicyRule
	for _, r := range rules {
		for _, verb := range r.Verbs {
			one := *r.DeepCopy()
			one.Verbs = []string{verb}
			slices.Reverse(one.Resources)
			list = append(list, one)
		}
	}
	d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}
