package rbac

import (
	"strings"
	"testing"
)

const (
	mayBindX = `{kind: ClusterRole, metadata: {name: binder}, rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [x], verbs: [bind]}, {apiGroups: [rbac.authorization.k8s.io], resources: [clusterrolebindings], verbs: [create]}]}`
	binderGw = `{kind: ClusterRoleBinding, metadata: {name: binder}, roleRef: {kind: ClusterRole, name: binder}, subjects: [{kind: ServiceAccount, name: gw, namespace: clawql}]}`
	all      = `{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`
	getPods  = `{apiGroups: [""], resources: [pods], verbs: [get]}`
)

func clusterRole(name, rule string) string {
	return `{kind: ClusterRole, metadata: {name: ` + name + `}, rules: [` + rule + `]}`
}

// ours is a ClusterRole that Kubernetes itself makes, or that says so.
func ours(name, rule string) string {
	return strings.Replace(clusterRole(name, rule), "name: "+name, "name: '"+name+"', labels: {kubernetes.io/bootstrapping: rbac-defaults}", 1)
}

// A role that nobody has yet is behind everybody who may bind it.
func TestARoleBehindBind(t *testing.T) {
	bound := strings.NewReplacer("name: b}", "name: x}", "name: r}", "name: x}", "name: alice", "name: root").Replace(forAlice)
	rootHasAll := `{kind: ClusterRoleBinding, metadata: {name: all}, roleRef: {kind: ClusterRole, name: all}, subjects: [{kind: User, name: root}]}`
	cases := []struct {
		name     string
		from, to []string
		want     []string
	}{
		{"bind on one that grew", []string{mayBindX, binderGw, clusterRole("x", all)}, []string{mayBindX, binderGw, clusterRole("x", getPods)}, []string{"high different ClusterRole x: ServiceAccount clawql/gw of staging may bind it"}},
		{"bind on one that is bound to somebody who has everything", []string{mayBindX, binderGw, bound, rootHasAll, clusterRole("all", all), clusterRole("x", all)}, []string{mayBindX, binderGw, bound, rootHasAll, clusterRole("all", all), clusterRole("x", getPods)},
			[]string{"high different ClusterRole x: ServiceAccount clawql/gw of staging may bind it"}},
		{"bind on a default role that grew", []string{strings.Replace(mayBindX, "[x]", "[edit]", 1), binderGw, ours("edit", all)}, []string{strings.Replace(mayBindX, "[x]", "[edit]", 1), binderGw, ours("edit", getPods)}, []string{"high different ClusterRole edit: may bind it"}},
		{"nobody may bind it", []string{clusterRole("x", all)}, []string{clusterRole("x", getPods)}, []string{"warning different ClusterRole x: no binding uses this role"}},
		{"a new role", nil, []string{`{kind: Role, metadata: {name: x, namespace: clawql}, rules: [` + getPods + `]}`}, []string{"warning different Role clawql/x: no binding uses this role"}},
		{"bound where it says less", []string{clusterRole("r", getPods), forAlice, clusterRole("all", all), strings.Replace(rootHasAll, "root", "alice", 1)},
			[]string{clusterRole("r", all), clusterRole("all", all), strings.Replace(rootHasAll, "root", "alice", 1)}, []string{"warning different ClusterRole r: "}},
		{"who says to be Kubernetes' own, and is not", []string{ours("system:evil", all)}, nil, []string{"warning different ClusterRole system:evil: no binding uses this role"}},
		{"who says to be Kubernetes' own, by another name", []string{ours("evil", all)}, []string{ours("evil", getPods)}, []string{"warning different ClusterRole evil: no binding uses this role"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check(t, sideOf(t, c.from...), sideOf(t, c.to...), c.want)
			check(t, sideOf(t, c.from...), sideOf(t, c.from...), nil)
		})
	}
}

// What differs in words only, belongs to another server's version, or shows in
// what a subject may do, is said once or not at all.
func TestRolesWithoutNoise(t *testing.T) {
	part := `{kind: ClusterRole, metadata: {name: part, labels: {to: r}}, rules: [` + getPods + `]}`
	for name, c := range map[string]struct{ from, to, want []string }{
		"in other words":            {[]string{clusterRole("x", `{apiGroups: [""], resources: [pods, services], verbs: [get]}`)}, []string{clusterRole("x", getPods+`, {apiGroups: [""], resources: [services], verbs: [get]}, `+getPods)}, nil},
		"no rules, and no role":     {[]string{clusterRole("x", "")}, nil, nil},
		"defaults of two versions":  {[]string{ours("edit", all), ours("system:node", getPods)}, []string{ours("edit", getPods)}, nil},
		"by way of an aggregation":  {[]string{viewStuff, forAlice, part}, []string{viewStuff, forAlice}, []string{"warning more-permissive User alice: get pods"}},
		"bound, and the other less": {[]string{clusterRole("r", all), forAlice}, []string{clusterRole("r", getPods)}, []string{"critical more-permissive User alice: "}},
	} {
		t.Run(name, func(t *testing.T) { check(t, sideOf(t, c.from...), sideOf(t, c.to...), c.want) })
	}
}

// A binding to a role that is not there waits for somebody to make it.
func TestABindingThatWaitsForItsRole(t *testing.T) {
	waits := `{kind: RoleBinding, metadata: {name: b, namespace: clawql}, roleRef: {kind: Role, name: gone}, subjects: [{kind: User, name: eve}]}`
	other := strings.Replace(waits, "name: b,", "name: c,", 1)
	check(t, sideOf(t, waits), Side{}, []string{"warning different RoleBinding clawql/b: user eve gets whatever Role gone will say"})
	check(t, sideOf(t, waits), sideOf(t, strings.Replace(waits, "eve", "bob", 1)), []string{
		"warning different RoleBinding clawql/b: user eve gets", "warning different RoleBinding clawql/b: user bob gets"})
	check(t, sideOf(t, strings.Replace(forAlice, "name: r}", "name: gone}", 1)), Side{}, []string{"warning different ClusterRoleBinding b: user alice gets"})
	check(t, sideOf(t, waits), sideOf(t, waits), nil)
	check(t, sideOf(t, waits), sideOf(t, other), nil)
	made := `{kind: Role, metadata: {name: gone, namespace: clawql}, rules: [` + getPods + `]}`
	check(t, sideOf(t, waits), sideOf(t, waits, made), []string{"warning stricter User eve: get pods in clawql"})
	eveHas := []string{`{kind: Role, metadata: {name: own, namespace: clawql}, rules: [` + getPods + `]}`, strings.NewReplacer("gone", "own", "name: b", "name: own").Replace(waits)}
	check(t, sideOf(t, append(eveHas, waits)...), sideOf(t, append(eveHas, waits, made)...), []string{"warning different RoleBinding clawql/b: user eve gets"})
}
