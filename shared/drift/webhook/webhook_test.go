package webhook

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

var names = [2]string{"staging", "production"}

type edit func(*admissionv1.ValidatingWebhook)

// kyverno is a configuration with one webhook; without edits it asks about all
// pods, and fails closed.
func kyverno(edits ...edit) []Resource {
	hook := admissionv1.ValidatingWebhook{Name: "validate.kyverno.svc-fail", Rules: []admissionv1.RuleWithOperations{rule("CREATE,UPDATE", "", "v1", "pods")}}
	for _, e := range edits {
		e(&hook)
	}
	return []Resource{{
		Object: finding.Object{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration", Name: "kyverno"},
		Hooks:  []admissionv1.ValidatingWebhook{hook},
	}}
}

func rule(operations, groups, versions, resources string) admissionv1.RuleWithOperations {
	var list []admissionv1.OperationType
	for _, one := range strings.Split(operations, ",") {
		list = append(list, admissionv1.OperationType(one))
	}
	return admissionv1.RuleWithOperations{Operations: list, Rule: admissionv1.Rule{
		APIGroups: strings.Split(groups, ","), APIVersions: strings.Split(versions, ","), Resources: strings.Split(resources, ","),
	}}
}

func rules(list ...admissionv1.RuleWithOperations) edit {
	return func(w *admissionv1.ValidatingWebhook) { w.Rules = list }
}

func scoped(s admissionv1.ScopeType, r admissionv1.RuleWithOperations) admissionv1.RuleWithOperations {
	r.Scope = &s
	return r
}

func ignored(w *admissionv1.ValidatingWebhook) {
	policy := admissionv1.Ignore
	w.FailurePolicy = &policy
}

func fail(w *admissionv1.ValidatingWebhook) {
	policy := admissionv1.Fail
	w.FailurePolicy = &policy
}

func namespaces(text string) edit {
	return func(w *admissionv1.ValidatingWebhook) { w.NamespaceSelector = parsed(text) }
}

func objects(text string) edit {
	return func(w *admissionv1.ValidatingWebhook) { w.ObjectSelector = parsed(text) }
}

func parsed(text string) *metav1.LabelSelector {
	s, err := metav1.ParseToLabelSelector(text)
	if err != nil {
		panic(err)
	}
	return s
}

func conditions(w *admissionv1.ValidatingWebhook) {
	w.MatchConditions = []admissionv1.MatchCondition{{Name: "a", Expression: "true"}}
}

func compare(t *testing.T, from, to []Resource) *verdict.Result {
	t.Helper()
	result, err := Compare(from, to, names)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// summary is each finding in one line.
func summary(r *verdict.Result) (lines []string) {
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Direction, f.Severity, f.Witness.Text))
	}
	return lines
}

func TestCompare(t *testing.T) {
	const more, less = "more-permissive high: ", "stricter warning: "
	for _, test := range []struct {
		name     string
		from, to []Resource
		want     []string
	}{
		{"equal", kyverno(), kyverno(fail), nil},
		{"none in from", nil, kyverno(), []string{more + "create pods in a namespace without labels, which the webhook refuses"}},
		{"none in to", kyverno(ignored), nil, []string{less + "create pods in a namespace without labels, which the webhook refuses"}},
		{"fails open", kyverno(ignored), kyverno(), []string{more + "create pods in a namespace without labels, while the webhook does not answer"}},
		{"fails closed", kyverno(fail), kyverno(ignored), []string{less + "create pods in a namespace without labels, while the webhook does not answer"}},
		{"updates are not asked", kyverno(rules(rule("CREATE", "", "v1", "pods"))), kyverno(), []string{more + "update pods in a namespace without labels, which the webhook refuses"}},
		{"a namespace left out", kyverno(namespaces("env notin (dev)")), kyverno(), []string{more + "create pods in a namespace labelled env=dev, which the webhook refuses"}},
		{"the namespace of a name left out", kyverno(namespaces("kubernetes.io/metadata.name notin (kube-system)")), kyverno(), []string{
			more + "create pods in a namespace labelled kubernetes.io/metadata.name=kube-system, which the webhook refuses"}},
		{"an object left out", kyverno(objects("!skip")), kyverno(), []string{more + "create pods in a namespace without labels, the object labelled skip=other-, which the webhook refuses"}},
		{"both ways", kyverno(rules(rule("*", "apps", "v1", "deployments"))), kyverno(rules(rule("*", "apps", "v1", "daemonsets"))), []string{
			more + "create daemonsets.apps in a namespace without labels, which the webhook refuses",
			less + "create deployments.apps in a namespace without labels, which the webhook refuses"}},
		{"all but CONNECT", kyverno(rules(rule("CREATE,UPDATE,DELETE", "*", "*", "*/*"))), kyverno(rules(rule("*", "*", "*", "*/*"))), []string{
			more + "connect pods/exec in a namespace without labels, which the webhook refuses"}},
		{"no subresources", kyverno(rules(rule("CREATE", "", "v1", "*"))), kyverno(rules(rule("CREATE", "", "v1", "*/*"))), []string{
			more + "create pods/status in a namespace without labels, which the webhook refuses"}},
		{"split and reordered", kyverno(rules(rule("UPDATE", "", "v1", "pods"), rule("CREATE", "", "v1", "pods"))), kyverno(), nil},
		{"a subresource of * is the resource too", kyverno(rules(rule("CREATE", "", "v1", "pods/*,pods"))), kyverno(rules(rule("CREATE", "", "v1", "pods/*"))), nil},
		{"scopes", kyverno(rules(scoped("Cluster", rule("*", "", "v1", "namespaces")))), kyverno(rules(rule("*", "", "v1", "namespaces"))), nil},
		{"a cluster-scoped rule, fails open", kyverno(ignored, rules(scoped("Cluster", rule("*", "", "v1", "namespaces"))), namespaces("a=b")),
			kyverno(rules(scoped("Cluster", rule("*", "", "v1", "namespaces"))), namespaces("a=b")), []string{more + "create namespaces labelled a=b, while the webhook does not answer"}},
		{"a namespace chooses itself", kyverno(rules(scoped("Cluster", rule("CREATE", "", "v1", "namespaces"))), namespaces("!skip")), kyverno(rules(scoped("Cluster", rule("CREATE", "", "v1", "namespaces")))), []string{
			more + "create namespaces labelled skip=other-, which the webhook refuses"}},
		{"a namespace left out of every resource", kyverno(rules(rule("*", "*", "*", "*")), namespaces("!skip"), objects("!a")), kyverno(rules(rule("*", "*", "*", "*")), objects("!a")), []string{
			more + "create pods in a namespace labelled skip=other-, which the webhook refuses"}},
		{"a connection of another group", kyverno(), kyverno(rules(rule("CREATE,UPDATE", "", "v1", "pods"), rule("CONNECT", "subresources.kubevirt.io", "v1", "virtualmachineinstances/console"))), []string{
			more + "connect virtualmachineinstances/console.subresources.kubevirt.io in a namespace without labels, which the webhook refuses"}},

		{"conditions", kyverno(conditions, ignored), kyverno(conditions), nil},
		{"conditions, and one side has none", nil, kyverno(conditions), nil},
		{"it asks about nothing", nil, kyverno(rules()), nil},
		{"a selector that contradicts itself", kyverno(namespaces("a=1,a in (2)")), kyverno(), []string{more + "create pods in a namespace without labels, which the webhook refuses"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := summary(compare(t, test.from, test.to)); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// What is not judged is left to the structural comparison.
func TestJudged(t *testing.T) {
	hook := `.webhooks[name="validate.kyverno.svc-fail"]`
	for _, test := range []struct {
		name     string
		from, to []Resource
		path     string
		want     bool
	}{
		{"failure policy", kyverno(ignored), kyverno(), hook + ".failurePolicy", true},
		{"rules that say the same", kyverno(), kyverno(), hook + ".rules", true},
		{"a selector's field", kyverno(), kyverno(), hook + ".namespaceSelector.matchLabels.a", true},
		{"who answers", kyverno(), kyverno(), hook + ".clientConfig.service.name", false},
		{"conditions", kyverno(conditions), kyverno(), hook + ".failurePolicy", false},
		{"scopes", kyverno(rules(scoped("Cluster", rule("*", "", "v1", "namespaces")))), kyverno(), hook + ".rules", false},
		{"a webhook that one side lacks", nil, kyverno(), hook, true},
		{"a configuration that one side lacks", nil, kyverno(), "", true},
		{"a configuration that one side lacks, with conditions", nil, kyverno(conditions), "", false},
		{"an empty configuration that one side lacks", nil, []Resource{{Object: kyverno()[0].Object}}, "", false},
		{"a failure policy that decides nothing", kyverno(ignored, rules()), kyverno(rules()), hook + ".failurePolicy", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			places := compare(t, test.from, test.to).Judged[kyverno()[0].Object]
			got := slices.ContainsFunc(places, func(place string) bool { return verdict.Speaks(place, test.path) })
			if got != test.want {
				t.Errorf("%q judged: %v, by %q", test.path, got, places)
			}
		})
	}
}

// drawnRule is a rule by chance.
func drawnRule(r *rand.Rand) admissionv1.RuleWithOperations {
	some := func(words ...string) string {
		list := []string{words[r.Intn(len(words))]}
		if r.Intn(3) == 0 {
			list = append(list, words[r.Intn(len(words))])
		}
		return strings.Join(list, ",")
	}
	return rule(some("CREATE", "UPDATE", "DELETE", "CONNECT", "*"), some("", "apps", "*"), some("v1", "v1beta1", "*"),
		some("pods", "deployments", "pods/exec", "pods/*", "*", "*/*", "*/scale", "deployments/scale", "pods/status"))
}

// drawnHook is a webhook by chance.
func drawnHook(r *rand.Rand) edit {
	return func(w *admissionv1.ValidatingWebhook) {
		w.Rules = nil
		for range r.Intn(3) + 1 {
			w.Rules = append(w.Rules, drawnRule(r))
		}
		selectors := []string{"", "", "a", "!a", "a=1", "a notin (1)", "a in (1,2)", "a notin (1,2)", "a=1,b", "a=1,a=2", own + "=x", own + " notin (x)"}
		w.NamespaceSelector, w.ObjectSelector = parsed(selectors[r.Intn(len(selectors))]), parsed(selectors[r.Intn(len(selectors)-2)])
		if r.Intn(2) == 0 {
			ignored(w)
		}
	}
}

func TestMetamorphic(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	directions := map[finding.Direction]int{}
	for range cases(600, 10_000) {
		from, to := kyverno(drawnHook(r)), kyverno(drawnHook(r))
		if same := compare(t, from, from); len(same.Findings) > 0 {
			t.Fatalf("%+v differs from itself: %q", from, summary(same))
		}
		there, back := compare(t, from, to), compare(t, to, from)
		if len(there.Findings) != len(back.Findings) {
			t.Fatalf("%q, swapped %q", summary(there), summary(back))
		}
		for _, f := range there.Findings {
			directions[f.Direction]++
			if !slices.ContainsFunc(back.Findings, func(g finding.Finding) bool { return g.Direction == f.Direction.Flip() && g.From == f.To }) {
				t.Fatalf("%q, swapped %q", summary(there), summary(back))
			}
		}
		for name, stricter := range map[string][]Resource{
			"a rule more":                  with(from, func(w *admissionv1.ValidatingWebhook) { w.Rules = append(w.Rules, drawnRule(r)) }),
			"fails closed":                 with(from, fail),
			"no selector of namespaces":    with(from, func(w *admissionv1.ValidatingWebhook) { w.NamespaceSelector = nil }),
			"no selector of objects":       with(from, func(w *admissionv1.ValidatingWebhook) { w.ObjectSelector = nil }),
			"rules split and in any order": with(from, func(w *admissionv1.ValidatingWebhook) { w.Rules = split(r, w.Rules) }),
		} {
			result := compare(t, from, stricter)
			for _, f := range result.Findings {
				if f.Direction != finding.MorePermissive || strings.HasPrefix(name, "rules split") {
					t.Fatalf("%s: %+v %q", name, from, summary(result))
				}
			}
		}
		for _, f := range compare(t, nil, from).Findings {
			if f.Direction != finding.MorePermissive {
				t.Fatalf("without the webhook: %s", f.Witness.Text)
			}
		}
	}
	for _, d := range []finding.Direction{finding.MorePermissive, finding.Stricter} {
		if directions[d] < cases(60, 1000) {
			t.Errorf("only %d findings are %s", directions[d], d)
		}
	}
}

// with is a copy of the configuration with an edit.
func with(list []Resource, e edit) []Resource {
	hook := *list[0].Hooks[0].DeepCopy()
	e(&hook)
	return []Resource{{Object: list[0].Object, Hooks: []admissionv1.ValidatingWebhook{hook}}}
}

// split makes a rule of each resource of each rule.
func split(r *rand.Rand, rules []admissionv1.RuleWithOperations) (list []admissionv1.RuleWithOperations) {
	for _, one := range rules {
		for _, resource := range one.Resources {
			part := *one.DeepCopy()
			part.Resources = []string{resource}
			list = append(list, part)
		}
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}
