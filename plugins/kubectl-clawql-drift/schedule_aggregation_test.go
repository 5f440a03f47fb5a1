package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/drift/rbac"
)

// aggregation is drawn ClusterRoles on a real cluster, whose controller manager
// fills them.
type aggregation struct {
	*scheduleTrial
	*kubernetes.Clientset
	*rand.Rand
	aggregated []string // names
}

const aggregationCases = 60

// aggregatedRoles holds what we make of aggregation rules against what the real
// controller makes of them: filled on the cluster, and unfilled as in a folder.
func (t *scheduleTrial) aggregatedRoles() {
	config := must(clientcmd.BuildConfigFromFlags("", t.scheduleSandbox.kubeconfig))
	config.QPS = -1
	a := &aggregation{t, must(kubernetes.NewForConfig(config)), rand.New(rand.NewPCG(5, 8)), nil}
	for i := range aggregationCases {
		a.draw(i)
	}
	a.settled("as drawn")
	a.controlled()
	for _, name := range a.aggregated { // labels and rules change, and the controller follows
		if piece := name[:len(name)-len("-whole0")] + "-piece0"; a.IntN(3) == 0 {
			a.change(piece)
		}
	}
	a.settled("after changes")
	a.ring()
}

func (a *aggregation) create(name string, labels map[string]string, rules []rbacv1.PolicyRule, selectors ...metav1.LabelSelector) {
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Rules: rules}
	if len(selectors) > 0 {
		role.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: selectors}
		a.aggregated = append(a.aggregated, name)
	}
	must(a.RbacV1().ClusterRoles().Create(context.Background(), role, metav1.CreateOptions{}))
}

// draw makes some plain roles and some aggregated ones of a case. No role finds
// one with a higher number, so that no ring hides what went; see ring.
func (a *aggregation) draw(i int) {
	prefix := fmt.Sprintf("agg-%d", i)
	for n := range 3 {
		a.create(fmt.Sprintf("%s-piece%d", prefix, n), a.labels(i), a.rules())
	}
	for n := range 2 {
		labels := a.labels(i)
		labels["level"] = fmt.Sprint(n + 1)
		selectors := make([]metav1.LabelSelector, 1+a.IntN(3))
		for s := range selectors {
			selectors[s] = a.selector(i, n)
		}
		a.create(fmt.Sprintf("%s-whole%d", prefix, n), labels, nil, selectors...)
	}
}

func (a *aggregation) labels(i int) map[string]string {
	labels := map[string]string{"case": fmt.Sprint(i), "level": "0"}
	for _, key := range []string{"x", "y"} {
		if a.IntN(3) > 0 {
			labels[key] = string('a' + rune(a.IntN(3)))
		}
	}
	return labels
}

func (a *aggregation) selector(i, level int) metav1.LabelSelector {
	below := make([]string, level+1)
	for n := range below {
		below[n] = fmt.Sprint(n)
	}
	s := metav1.LabelSelector{
		MatchLabels:      map[string]string{"case": fmt.Sprint(i)},
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "level", Operator: metav1.LabelSelectorOpIn, Values: below}},
	}
	key, values := []string{"x", "y", "z"}[a.IntN(3)], []string{"a", "b", "c"}[:1+a.IntN(3)]
	switch a.IntN(6) {
	case 0:
		s.MatchLabels[key] = values[0]
	case 1:
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpExists})
	case 2:
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpDoesNotExist})
	case 3:
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values})
	case 4:
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: values})
	}
	return s
}

func (a *aggregation) rules() (rules []rbacv1.PolicyRule) {
	pick := func(of ...string) []string { return of[:1+a.IntN(len(of))] }
	for range a.IntN(3) {
		rule := rbacv1.PolicyRule{Verbs: pick("get", "list", "create", "escalate"), APIGroups: pick("", "apps"), Resources: pick("pods", "pods/exec", "deployments", "secrets")}
		if a.IntN(4) == 0 {
			rule.ResourceNames = pick("one", "two")
		}
		if a.IntN(8) == 0 {
			rule = rbacv1.PolicyRule{Verbs: pick("get", "post"), NonResourceURLs: pick("/healthz", "/metrics/*")}
		}
		rules = append(rules, rule)
	}
	return rules
}

func (a *aggregation) change(name string) {
	role := must(a.RbacV1().ClusterRoles().Get(context.Background(), name, metav1.GetOptions{}))
	role.Rules = a.rules()
	role.Labels["x"] = string('a' + rune(a.IntN(3)))
	delete(role.Labels, "y")
	must(a.RbacV1().ClusterRoles().Update(context.Background(), role, metav1.UpdateOptions{}))
}

// sides are the cluster's roles as they are, and as a folder has them: with
// nothing in those that a controller fills. A user is bound to each of these.
func (a *aggregation) sides() (live, folder rbac.Side) {
	list := must(a.RbacV1().ClusterRoles().List(context.Background(), metav1.ListOptions{}))
	live.Filled = true
	for i := range list.Items {
		role := &list.Items[i]
		live.ClusterRoles = append(live.ClusterRoles, role)
		if role.AggregationRule != nil {
			b := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: role.Name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
				Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "user-of-" + role.Name}}}
			live.ClusterRoleBindings = append(live.ClusterRoleBindings, b)
			role = role.DeepCopy()
			role.Rules = nil
		}
		folder.ClusterRoles = append(folder.ClusterRoles, role)
	}
	folder.ClusterRoleBindings = live.ClusterRoleBindings
	return live, folder
}

// settled waits until the controller is where we are. One that never gets there
// fills roles in another way.
func (a *aggregation) settled(when string) {
	var result *rbac.Result
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		live, folder := a.sides()
		result = must(rbac.Compare(live, folder, rbac.Options{Names: [2]string{"cluster", "folder"}}))
		filled := 0
		for _, role := range live.ClusterRoles {
			if role.AggregationRule != nil && len(role.Rules) > 0 {
				filled++
			}
		}
		if len(result.Findings) == 0 && filled > aggregationCases {
			a.Logf("%s: %d aggregated roles, %d with rules, are what the controller made of them", when, len(live.ClusterRoleBindings), filled)
			return
		}
	}
	a.Fatalf("%s: the controller disagrees: %+v", when, result.Findings)
}

// controlled: the comparison would have seen a rule more or less.
func (a *aggregation) controlled() {
	live, folder := a.sides()
	for i, role := range live.ClusterRoles {
		if role.AggregationRule == nil || len(role.Rules) == 0 {
			continue
		}
		less := live
		less.ClusterRoles = slices.Clone(live.ClusterRoles)
		less.ClusterRoles[i] = role.DeepCopy()
		less.ClusterRoles[i].Rules = nil
		if result := must(rbac.Compare(less, folder, rbac.Options{})); len(result.Findings) != 1 {
			a.Errorf("without the rules of %s: %d findings", role.Name, len(result.Findings))
		}
	}
}

// ring: two roles that find one another keep a rule whose source is gone. The
// real authorizer still allows it, so it counts on the cluster, and is a
// difference to the folder.
func (a *aggregation) ring() {
	ctx := context.Background()
	finds := func(label string) metav1.LabelSelector {
		return metav1.LabelSelector{MatchLabels: map[string]string{label: "yes"}}
	}
	a.create("ring-source", map[string]string{"to-a": "yes"}, []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create"}}})
	a.create("ring-a", map[string]string{"to-b": "yes"}, nil, finds("to-a"))
	a.create("ring-b", map[string]string{"to-a": "yes"}, nil, finds("to-b"))
	a.settled("in a ring")
	if err := a.RbacV1().ClusterRoles().Delete(ctx, "ring-source", metav1.DeleteOptions{}); err != nil {
		a.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "ring-a"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "ring-a"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "user-of-ring-a"}}}
	if _, err := a.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		a.Fatal(err)
	}
	time.Sleep(2 * time.Second) // for the controller to have had its chance
	review := must(a.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "user-of-ring-a", ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: "clawql", Verb: "create", Resource: "pods", Subresource: "exec"},
	}}, metav1.CreateOptions{}))
	live, folder := a.sides()
	answer := must(rbac.Evaluate(live, rbac.Request{User: "user-of-ring-a", Verb: "create", Resource: "pods", Subresource: "exec", Namespace: "clawql"}))
	result := must(rbac.Compare(live, folder, rbac.Options{}))
	if !review.Status.Allowed || !answer.Allowed || len(result.Findings) != 2 {
		a.Errorf("the authorizer %v, we %v, and %d findings", review.Status.Allowed, answer.Allowed, len(result.Findings))
	}
}
