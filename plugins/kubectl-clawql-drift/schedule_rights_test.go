package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// deadMan ages the history by 40 days, in the cluster.
func (t *scheduleTrial) deadMan() {
	var history map[string]any
	t.decode(t.kubectl("-n", "clawql-drift", "get", "configmap", "clawql-drift-history", "-o", `jsonpath={.data.history\.json}`), &history)
	text, err := json.Marshal(earlier(history, 40*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	patch, err := json.Marshal(map[string]any{"data": map[string]string{"history.json": string(text)}})
	if err != nil {
		t.Fatal(err)
	}
	t.kubectl("-n", "clawql-drift", "patch", "configmap", "clawql-drift-history", "--type=merge", "-p", string(patch))
	t.runs("clawql-drift-check", "dead", 1, "OVERDUE", "new critical DriftRun overdue")
	t.runs("clawql-drift-check", "dead-still", 1, "quiet")
	t.runs("clawql-drift", "alive", 0, "told", "resolved critical DriftRun overdue")
}

// earlier moves all times that a JSON value holds.
func earlier(value any, by time.Duration) any {
	switch v := value.(type) {
	case map[string]any:
		for key, one := range v {
			v[key] = earlier(one, by)
		}
	case []any:
		for i, one := range v {
			v[i] = earlier(one, by)
		}
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return at.Add(-by).Format(time.RFC3339Nano)
		}
	}
	return value
}

// outside closes the way to the webhook by the schedule's own egress, and
// opens it again: what could not be told is told then.
func (t *scheduleTrial) outside() {
	project, err := os.ReadFile("clawql.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.write("clawql.yaml", strings.Replace(string(project), "["+t.hook.port()+"]", "[1]", 1))
	t.must("kubectl-clawql-drift", t.schedule()...)
	t.enforce()
	t.apply(looseRole)
	t.runs("clawql-drift", "closed", 3, "NOT TOLD")
	t.kubectl("-n", "clawql-drift", "delete", "job", "closed")
	if _, refused := t.counted(); refused == 0 {
		t.Error("nothing was refused")
	}
	t.write("clawql.yaml", string(project))
	t.must("kubectl-clawql-drift", t.schedule()...)
	t.enforce()
	t.runs("clawql-drift", "open", 1, "pager: 1 new", "new critical RBAC eve")
}

// rights: with those that the schedule gives, a run sees and notes everything;
// without any single one of them it does not, and says so. What is not needed
// it does not have.
func (t *scheduleTrial) rights() {
	mine := t.as(t.TempDir())
	t.Setenv("CLAWQL_ALERT_PAGER", t.hook.URL)
	t.Setenv("SSL_CERT_FILE", filepath.Join(must(os.Getwd()), "ca.pem"))
	t.expect("run by its own rights", 0, "last run", "run", "--kubeconfig", mine)
	for _, args := range [][]string{
		{"create", "pods", "-n", "clawql"}, {"update", "configmaps/other", "-n", "clawql-drift"}, {"create", "configmaps", "-n", "clawql-drift"},
		{"delete", "configmaps/clawql-drift-history", "-n", "clawql-drift"}, {"create", "pods/exec", "-n", "clawql"}, {"list", "secrets", "-n", "kube-system"}, {"list", "secrets", "-n", "clawql-drift"}, {"get", "nodes/proxy"},
		{"watch", "secrets", "-n", "clawql"}, {"get", "secrets", "-n", "clawql"}, {"create", "serviceaccounts/token", "-n", "clawql-drift"}, {"list", "configmaps", "-n", "clawql-drift"},
	} {
		if out, code := t.run("kubectl", append([]string{"--kubeconfig", mine, "auth", "can-i"}, args...)...); code == 0 {
			t.Errorf("the run may %v: %s", args, out)
		}
	}
	r := newRemovals(t, mine)
	for _, one := range r.all() {
		r.without(one)
	}
	t.Logf("%d rights, each of them needed", len(r.all()))
	t.expect("with all of them again", 0, "last run", "run", "--kubeconfig", mine)
}

// removals takes single rights away, as the cluster's owner.
type removals struct {
	*scheduleTrial
	mine          string
	owner, runner *kubernetes.Clientset
}

func newRemovals(t *scheduleTrial, mine string) *removals {
	client := func(file string) *kubernetes.Clientset {
		config := must(clientcmd.BuildConfigFromFlags("", file))
		config.QPS = -1
		return must(kubernetes.NewForConfig(config))
	}
	return &removals{t, mine, client(t.kubeconfig), client(mine)}
}

// right is one verb on one resource, in one role. namespace is where it is
// asked for, and role's own is empty for a ClusterRole.
type right struct{ role, own, namespace, verb, group, resource, name string }

func (r *removals) all() (list []right) {
	for _, at := range []right{{role: "clawql-drift-namespace", namespace: "clawql"}, {role: "clawql-drift-cluster"}, {role: "clawql-drift-history", own: "clawql-drift", namespace: "clawql-drift"}} {
		for _, rule := range r.rules(at) {
			for _, verb := range rule.Verbs {
				for _, resource := range rule.Resources {
					one := at
					one.verb, one.group, one.resource = verb, rule.APIGroups[0], resource
					if len(rule.ResourceNames) > 0 {
						one.name = rule.ResourceNames[0]
					}
					if len(rule.APIGroups) != 1 || slices.Contains([]string{verb, one.group, resource}, "*") {
						r.Fatalf("not single rights: %+v", rule)
					}
					list = append(list, one)
				}
			}
		}
	}
	return list
}

func (r *removals) rules(at right) []rbacv1.PolicyRule {
	if at.own != "" {
		return must(r.owner.RbacV1().Roles(at.own).Get(context.Background(), at.role, metav1.GetOptions{})).Rules
	}
	return must(r.owner.RbacV1().ClusterRoles().Get(context.Background(), at.role, metav1.GetOptions{})).Rules
}

func (r *removals) set(at right, rules []rbacv1.PolicyRule) {
	ctx := context.Background()
	if at.own != "" {
		role := must(r.owner.RbacV1().Roles(at.own).Get(ctx, at.role, metav1.GetOptions{}))
		role.Rules = rules
		must(r.owner.RbacV1().Roles(at.own).Update(ctx, role, metav1.UpdateOptions{}))
		return
	}
	role := must(r.owner.RbacV1().ClusterRoles().Get(ctx, at.role, metav1.GetOptions{}))
	role.Rules = rules
	must(r.owner.RbacV1().ClusterRoles().Update(ctx, role, metav1.UpdateOptions{}))
}

// may waits until the API server thinks so: it reads roles by a watch.
func (r *removals) may(one right, want bool) {
	r.Helper()
	for range 500 {
		review := must(r.runner.AuthorizationV1().SelfSubjectAccessReviews().Create(context.Background(), &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: one.namespace, Verb: one.verb, Group: one.group, Resource: one.resource, Name: one.name},
		}}, metav1.CreateOptions{}))
		if review.Status.Allowed == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.Fatalf("%+v: the API server does not come to %v", one, want)
}

// without wants a run that lacks one right to say what it lacks.
func (r *removals) without(one right) {
	r.Helper()
	whole := r.rules(one)
	var less []rbacv1.PolicyRule
	for _, rule := range whole {
		if rule.APIGroups[0] != one.group || !slices.Contains(rule.Resources, one.resource) || !slices.Contains(rule.Verbs, one.verb) {
			less = append(less, rule)
			continue
		}
		others, fewer := *rule.DeepCopy(), *rule.DeepCopy()
		others.Resources = slices.DeleteFunc(others.Resources, func(s string) bool { return s == one.resource })
		fewer.Resources, fewer.Verbs = []string{one.resource}, slices.DeleteFunc(fewer.Verbs, func(s string) bool { return s == one.verb })
		for _, rest := range []rbacv1.PolicyRule{others, fewer} {
			if len(rest.Resources) > 0 && len(rest.Verbs) > 0 {
				less = append(less, rest)
			}
		}
	}
	r.set(one, less)
	r.may(one, false)
	args := []string{"--kubeconfig", r.mine, "-o", "json"}
	if one.own != "" {
		args = append([]string{"run"}, args...)
	}
	out, code := r.run("kubectl-clawql-drift", args...)
	if wanted := strings.TrimSuffix(one.resource, "s"); code != 3 || !strings.Contains(out, wanted) {
		r.Errorf("without %s %s.%s of %s: exit %d, and %q is not named\n%s", one.verb, one.resource, one.group, one.role, code, wanted, out)
	}
	r.set(one, whole)
	r.may(one, true)
}
