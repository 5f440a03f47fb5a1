package rbac

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// sideOf reads RBAC objects from YAML documents.
func sideOf(t *testing.T, documents ...string) Side {
	t.Helper()
	var side Side
	for _, text := range documents {
		var meta metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(text), &meta); err != nil {
			t.Fatal(err)
		}
		read := func(into any) {
			if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
				t.Fatal(err)
			}
		}
		switch meta.Kind {
		case "ClusterRole":
			side.ClusterRoles = append(side.ClusterRoles, &rbacv1.ClusterRole{})
			read(side.ClusterRoles[len(side.ClusterRoles)-1])
		case "Role":
			side.Roles = append(side.Roles, &rbacv1.Role{})
			read(side.Roles[len(side.Roles)-1])
		case "ClusterRoleBinding":
			side.ClusterRoleBindings = append(side.ClusterRoleBindings, &rbacv1.ClusterRoleBinding{})
			read(side.ClusterRoleBindings[len(side.ClusterRoleBindings)-1])
		case "RoleBinding":
			side.RoleBindings = append(side.RoleBindings, &rbacv1.RoleBinding{})
			read(side.RoleBindings[len(side.RoleBindings)-1])
		default:
			t.Fatalf("kind %q", meta.Kind)
		}
	}
	return side
}

const (
	readPods  = `{kind: ClusterRole, metadata: {name: r}, rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]}`
	forAlice  = `{kind: ClusterRoleBinding, metadata: {name: b}, roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: User, name: alice}]}`
	forGw     = `{kind: RoleBinding, metadata: {name: b, namespace: clawql}, roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: ServiceAccount, name: gateway}]}`
	viewStuff = `{kind: ClusterRole, metadata: {name: r}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: r}}]}}`
)

func role(rule string) string {
	return `{kind: ClusterRole, metadata: {name: r}, rules: [` + rule + `]}`
}

func everybody(group string) string {
	return `{kind: ClusterRoleBinding, metadata: {name: all}, roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: Group, name: "` + group + `"}]}`
}

func TestRecipes(t *testing.T) {
	cases := []struct {
		name     string
		from, to []string
		want     []string // severity direction kind object: part of the witness
	}{
		{"a binding more", []string{readPods, forAlice}, []string{readPods}, []string{"warning more-permissive User alice: get pods in other"}},
		{"exec in one namespace", []string{role(`{apiGroups: [""], resources: [pods, pods/exec], verbs: [get, create]}`), forGw}, []string{role(`{apiGroups: [""], resources: [pods], verbs: [get, create]}`), forGw},
			[]string{"critical more-permissive ServiceAccount clawql/gateway: create pods/exec in clawql"}},
		{"all subresources are not the resource", []string{role(`{apiGroups: [""], resources: [pods], verbs: [get]}`), forGw}, []string{role(`{apiGroups: [""], resources: ["pods/log"], verbs: [get]}`), forGw},
			[]string{"warning more-permissive ServiceAccount clawql/gateway: get pods in clawql", "warning stricter ServiceAccount clawql/gateway: get pods/log in clawql"}},
		{"a wildcard of verbs", []string{role(`{apiGroups: [apps], resources: [deployments], verbs: ["*"]}`), forAlice}, []string{role(`{apiGroups: [apps], resources: [deployments], verbs: [get, list, watch, create, update, patch, delete]}`), forAlice},
			[]string{"high more-permissive User alice: other deployments.apps"}},
		{"a wildcard hides secrets", []string{role(`{apiGroups: [""], resources: ["*"], verbs: [get]}`), forAlice}, []string{role(`{apiGroups: [""], resources: [pods, configmaps], verbs: [get]}`), forAlice},
			[]string{"critical more-permissive User alice: get secrets in other"}},
		{"the other side's wildcard covers", []string{readPods, forAlice}, []string{role(`{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`), forAlice}, []string{"warning stricter User alice: escalate clusterroles.rbac.authorization.k8s.io"}},
		{"scale of everything", []string{role(`{apiGroups: [apps], resources: ["*/scale"], verbs: [update]}`), forAlice}, []string{role(`{apiGroups: [apps], resources: ["deployments/scale"], verbs: [update]}`), forAlice},
			[]string{"high more-permissive User alice: update other.apps/scale"}},
		{"one secret by name", []string{role(`{apiGroups: [""], resources: [secrets], resourceNames: [a, b], verbs: [get]}`), forGw}, []string{role(`{apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [get]}`), forGw},
			[]string{"critical more-permissive ServiceAccount clawql/gateway: get secrets b in clawql"}},
		{"all names are more than some", []string{role(`{apiGroups: [""], resources: [configmaps], verbs: [get]}`), forGw}, []string{role(`{apiGroups: [""], resources: [configmaps], resourceNames: [a], verbs: [get]}`), forGw},
			[]string{"warning more-permissive ServiceAccount clawql/gateway: get configmaps in clawql"}},
		{"a path's prefix", []string{role(`{nonResourceURLs: ["/logs*"], verbs: [get]}`), forAlice}, []string{role(`{nonResourceURLs: ["/logs", "/logs/a*"], verbs: [get]}`), forAlice},
			[]string{"warning more-permissive User alice: get /logsaother"}},
		{"a RoleBinding grants no path", []string{role(`{nonResourceURLs: ["/logs*"], verbs: [get]}`), forGw}, nil, nil},
		{"a Role bound by a ClusterRoleBinding is nothing", []string{`{kind: Role, metadata: {name: r, namespace: clawql}, rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]}`, strings.Replace(forAlice, "{kind: ClusterRole, ", "{kind: Role, ", 1)}, nil,
			[]string{"warning different Role clawql/r: no binding uses this role"}},
		{"everywhere is more than here", []string{readPods, strings.Replace(forAlice, "{kind: User, name: alice}", "{kind: ServiceAccount, name: gateway, namespace: clawql}", 1)}, []string{readPods, forGw},
			[]string{"warning more-permissive ServiceAccount clawql/gateway: get pods in other"}},
		{"a service account by its user name", []string{readPods, strings.Replace(forAlice, "name: alice", "name: 'system:serviceaccount:clawql:gateway'", 1)}, []string{readPods, strings.Replace(forAlice, "{kind: User, name: alice}", "{kind: ServiceAccount, name: gateway, namespace: clawql}", 1)}, nil},
		{"by a group is said of the group alone", []string{readPods, forGw, everybody("system:authenticated")}, []string{readPods, forGw}, []string{"warning more-permissive Group system:authenticated: get pods in other"}},
		{"a group covers its members", []string{readPods, forGw, everybody("system:serviceaccounts:clawql")}, []string{readPods, everybody("system:serviceaccounts:clawql")}, nil},
		{"strangers", []string{readPods, everybody("system:unauthenticated")}, []string{readPods, everybody("system:authenticated")},
			[]string{"warning more-permissive Group system:unauthenticated: get pods", "warning stricter Group system:authenticated: get pods"}},
		{"masters may do everything anyway", []string{readPods, everybody("system:masters")}, nil, nil},
		{"aggregation", []string{viewStuff, forAlice, `{kind: ClusterRole, metadata: {name: part, labels: {to: r}}, rules: [{apiGroups: [""], resources: [nodes/proxy], verbs: [create]}]}`}, []string{viewStuff, forAlice},
			[]string{"critical more-permissive User alice: create nodes/proxy"}},
		{"aggregation, written out", []string{viewStuff, forAlice, `{kind: ClusterRole, metadata: {name: part, labels: {to: r}}, rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]}`}, []string{readPods, forAlice}, nil},
		{"aggregation through another, in a ring", []string{viewStuff, forAlice, `{kind: ClusterRole, metadata: {name: mid, labels: {to: r}}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: mid}}]}}`,
			`{kind: ClusterRole, metadata: {name: leaf, labels: {to: mid}}, rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]}`}, []string{readPods, forAlice}, nil},
		{"rules beside an aggregation rule are the controller's", []string{strings.Replace(viewStuff, "}]}}", `}]}, rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]}`, 1), forAlice}, nil, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { check(t, sideOf(t, c.from...), sideOf(t, c.to...), c.want) })
	}
}

func check(t *testing.T, a, b Side, want []string) *Result {
	t.Helper()
	result, err := Compare(a, b, Options{Names: [2]string{"staging", "production"}})
	if err != nil || len(result.Incomplete) > 0 {
		t.Fatalf("%v %+v", err, result)
	}
	var got []string
	for _, f := range result.Findings {
		text := f.Explanation
		if f.Witness != nil {
			text = f.Witness.Text
		}
		got = append(got, fmt.Sprintf("%s %s %s %s: %s", f.Severity, f.Direction, f.Object.Kind, f.Object, text))
	}
	if len(got) != len(want) {
		t.Fatalf("found %q, want %q", got, want)
	}
	for _, w := range want {
		head, part, _ := strings.Cut(w, ": ")
		if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, head+":") && strings.Contains(g, part) }) {
			t.Errorf("found %q, want %q", got, w)
		}
	}
	return result
}

func TestTextsOfAFinding(t *testing.T) {
	r := check(t, sideOf(t, role(`{apiGroups: [""], resources: [pods/exec], verbs: [create, get]}`), forGw), Side{}, []string{"critical more-permissive ServiceAccount clawql/gateway: create pods/exec"})
	f := r.Findings[0]
	if f.From != "can create pods/exec in clawql: RoleBinding clawql/b -> ClusterRole r" || f.To != "cannot create pods/exec in clawql" {
		t.Errorf("%+v", f)
	}
	if f.Explanation != "staging lets ServiceAccount clawql/gateway, and production does not: create,get pods/exec in clawql" {
		t.Errorf("%s", f.Explanation)
	}
	if f.Object.APIVersion != "v1" || f.Witness.Details["user"] != "system:serviceaccount:clawql:gateway" {
		t.Errorf("%+v", f)
	}
}

func TestMappedNamespacesAreEqual(t *testing.T) {
	text := []string{readPods, forGw, everybody("system:serviceaccounts:clawql"), strings.Replace(forAlice, "alice", "'system:serviceaccount:clawql:gateway'", 1),
		`{kind: Role, metadata: {name: x, namespace: clawql}, rules: [{apiGroups: [""], resources: [namespaces], resourceNames: [clawql], verbs: [get]}]}`,
		`{kind: RoleBinding, metadata: {name: x, namespace: clawql}, roleRef: {kind: Role, name: x}, subjects: [{kind: ServiceAccount, name: gateway}]}`}
	var staging []string
	for _, one := range text {
		staging = append(staging, strings.ReplaceAll(one, "clawql", "clawql-staging"))
	}
	a, b := sideOf(t, staging...), sideOf(t, text...)
	check(t, Mapping{map[string]string{"clawql-staging": "clawql"}}.Apply(a), b, nil)
	if r, err := Compare(a, b, Options{}); err != nil || len(r.Findings) == 0 {
		t.Errorf("without a mapping: %v %+v", err, r)
	}
}

func TestDefaults(t *testing.T) {
	bind := `{kind: RoleBinding, metadata: {name: b, namespace: clawql}, roleRef: {kind: ClusterRole, name: %s}, subjects: [{kind: User, name: alice}]}`
	a, b := sideOf(t, fmt.Sprintf(bind, "edit")), sideOf(t, fmt.Sprintf(bind, "view"))
	a.Partial = true
	r, err := Compare(a, b, Options{})
	if err != nil || len(r.Incomplete) != 1 || finding.Judge(r.Findings, r.Incomplete) != finding.Incomplete {
		t.Errorf("a role that is not there, in a folder: %v %+v", err, r)
	}
	for _, side := range []*Side{&a, &b} {
		if *side, err = WithDefaults(*side); err != nil {
			t.Fatal(err)
		}
	}
	check(t, a, b, []string{"critical more-permissive User alice: impersonate serviceaccounts in clawql"})
}

// What cannot be told is never equal.
func TestBrokenObjectsAreErrors(t *testing.T) {
	broken := map[string][]string{
		"an aggregation that cannot be read": {`{kind: ClusterRole, metadata: {name: r}, aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: a, operator: Like}]}]}}`},
		"a ClusterRole twice":                {readPods, readPods},
		"a Role without a namespace":         {`{kind: Role, metadata: {name: r}}`},
		"a RoleBinding without a namespace":  {`{kind: RoleBinding, metadata: {name: r}, roleRef: {kind: Role, name: r}}`},
	}
	for name, documents := range broken {
		side := sideOf(t, documents...)
		if r, err := Compare(side, side, Options{}); err == nil || fault.Code(err) != fault.CodeUnable {
			t.Errorf("%s: %v %+v", name, err, r)
		}
	}
}
