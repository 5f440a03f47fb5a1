package admission

import (
	"fmt"
	"math/rand"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// kyverno is Kyverno's own admission webhook, in a program that
// `make test-drift-kyverno` builds.
type kyverno struct{ *oracletest.Lines }

func startKyverno(t *testing.T) *kyverno {
	t.Helper()
	return &kyverno{oracletest.Start(t, oracletest.Path(t, "CLAWQL_ORACLE_KYVERNO", "kyverno", "test-drift-kyverno"))}
}

// ask is what Kyverno makes of objects, all in namespaces with the same labels:
// "" where it admits them.
func (k *kyverno) ask(t *testing.T, policies world, labels m, objects []m) []string {
	t.Helper()
	namespaces := m{}
	for _, o := range objects {
		if name, _ := o["metadata"].(m)["namespace"].(string); name != "" {
			namespaces[name] = labels
		}
	}
	if policies == nil {
		policies = world{}
	}
	var answers []string
	k.Ask(t, m{"policies": policies, "namespaces": namespaces, "ask": objects}, &answers)
	if len(answers) != len(objects) {
		t.Fatalf("Kyverno answered %d of %d objects", len(answers), len(objects))
	}
	return answers
}

// rejects says whether Kyverno would not let one of the policies in.
func (k *kyverno) rejects(t *testing.T, policies world) bool {
	t.Helper()
	answer := k.ask(t, policies, m{}, []m{objectOf("v1", "ConfigMap", "a", "x", nil)})[0]
	return strings.HasPrefix(answer, "invalid: ")
}

// objectOf is an object with each of the tests' labels ok, and some more.
func objectOf(apiVersion, kind, namespace, name string, more map[string]string) m {
	labels := m{}
	for i := range labelCount {
		labels[label(i)] = "ok"
	}
	meta := m{"name": name, "labels": labels}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	o := m{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
	if isController(kind) {
		o["spec"] = m{"template": m{"metadata": m{"labels": clone(world{labels})[0]}}}
	}
	for key, value := range more {
		labels[key] = value
	}
	return o
}

var tested = regexp.MustCompile(`\bt\d\b`)

// ruleOf is what the rule, or the policy, of a witness tests.
func ruleOf(strict world, w *finding.Witness) any {
	for _, r := range strict.side() {
		if r.Object.String() != w.Details["policy"] {
			continue
		}
		for _, raw := range rawRules(&r) {
			if raw["name"] == w.Details["rule"] {
				return raw["validate"]
			}
		}
		if r.Object.Kind == policyKind {
			return r.field("validations")
		}
	}
	return nil
}

// sent are the objects that a witness speaks of, one for each label that its
// tests look at, and the labels of the namespace. One that a policy could not
// test has not the label that it asks for.
func sent(strict world, w *finding.Witness) (objects []m, namespace m) {
	d := w.Details
	more := map[string]string{}
	namespace = m{}
	for key, value := range d {
		if name, of := strings.CutPrefix(key, "namespace label "); of {
			namespace[name] = value
		} else if name, of := strings.CutPrefix(key, "label "); of {
			more[name] = value
		}
	}
	for _, at := range tested.FindAllString(encoded(ruleOf(strict, w)), -1) {
		o := objectOf(d["apiVersion"], d["kind"], d["namespace"], d["name"], more)
		labels := o["metadata"].(m)["labels"].(m)
		labels[at] = "bad"
		if d["untested"] != "" {
			delete(labels, at)
		}
		objects = append(objects, o)
	}
	return objects, namespace
}

// battery are objects of many kinds, names, namespaces and labels.
func (d dice) battery(n int) (objects []m, namespace m) {
	for range n {
		kind := [][2]string{{"v1", "ConfigMap"}, {"v1", "Secret"}, {"v1", "Service"}, {"v1", "Pod"}, {"apps/v1", "Deployment"}, {"v1", "Namespace"}, {"rbac.authorization.k8s.io/v1", "ClusterRole"}}[d.Intn(7)]
		more := map[string]string{}
		for range 1 + d.Intn(3) {
			more[label(d.Intn(labelCount))] = "bad"
		}
		if d.in(3) {
			more["tier"] = d.one("prod", "dev")
		}
		where := d.one("a", "b", "team-1", someNamespace)
		if k, _ := known(kind[1]); !k.namespaced {
			where = ""
		}
		o := objectOf(kind[0], kind[1], where, d.one("web-1", "db", someName, "a", "b"), more)
		if d.in(4) {
			delete(o["metadata"].(m)["labels"].(m), label(d.Intn(labelCount)))
		}
		objects = append(objects, o)
	}
	return objects, [...]m{{}, {"env": "prod"}, {"env": "dev"}}[d.Intn(3)]
}

// TestAgainstKyverno: each witness is refused by the one side and admitted by
// the other; of two sides without a difference both say the same about all
// objects; and a side that is only more permissive refuses nothing more.
func TestAgainstKyverno(t *testing.T) {
	judge := startKyverno(t)
	seen := map[string]int{}
	for seed := range int64(kyvernoCases()) {
		d := dice{rand.New(rand.NewSource(seed))}
		a, b := d.pair(d.kyverno)
		sides := [2]world{a, b}
		if judge.rejects(t, a) || judge.rejects(t, b) {
			seen["rejected"]++
			continue
		}
		found, left := mustCompareAll(t, seed, a, b)
		directions := map[finding.Direction]bool{}
		if left {
			directions[finding.Different] = true
		}
		for _, f := range found {
			directions[f.Direction] = true
			if f.Witness == nil {
				continue
			}
			strict := 1
			if f.Direction == finding.Stricter {
				strict = 0
			}
			if f.Witness.Details["untested"] != "" && !strings.Contains(encoded(ruleOf(sides[strict], f.Witness)), "deny") {
				seen["untested, and no object makes a pattern fail to run"]++
				continue
			}
			if why := witnessHolds(t, judge, sides, strict, f.Witness); why != "" {
				t.Fatalf("seed %d: %s: %s: %s\nfrom %s\nto   %s", seed, f.Direction, f.Witness.Text, why, encoded(a), encoded(b))
			}
			seen[string(f.Direction)]++
			if f.Witness.Details["untested"] != "" {
				seen["untested"]++
			}
		}
		if directions[finding.Different] || directions[finding.MorePermissive] && directions[finding.Stricter] {
			continue
		}
		objects, labels := d.battery(30)
		there, here := judge.ask(t, a, labels, objects), judge.ask(t, b, labels, objects)
		for i := range objects {
			refusedByFrom, refusedByTo := there[i] != "", here[i] != ""
			switch {
			case refusedByFrom == refusedByTo, directions[finding.MorePermissive] && refusedByTo, directions[finding.Stricter] && refusedByFrom:
				seen[fmt.Sprintf("refused %v %v", refusedByFrom, refusedByTo)]++
			default:
				t.Fatalf("seed %d: findings %v, but %s in a namespace with %v:\nfrom %q\nto   %q\nfrom %s\nto   %s", seed, directions, encoded(objects[i]), labels, there[i], here[i], encoded(a), encoded(b))
			}
		}
		seen[fmt.Sprint("pairs ", directions)]++
	}
	t.Log(seen)
	for _, want := range []string{"more-permissive", "stricter", "untested", "refused true true", "refused false false", "refused true false", "refused false true"} {
		if seen[want] == 0 {
			t.Errorf("%s was never seen", want)
		}
	}
}

func witnessHolds(t *testing.T, judge *kyverno, sides [2]world, strict int, w *finding.Witness) string {
	objects, labels := sent(sides[strict], w)
	if len(objects) == 0 {
		return "no object to send"
	}
	there, here := judge.ask(t, sides[strict], labels, objects), judge.ask(t, sides[1-strict], labels, objects)
	for i := range objects {
		if there[i] != "" && here[i] == "" {
			return ""
		}
	}
	return fmt.Sprintf("the strict side says %q, the other %q", there, here)
}

// kyvernoCases are few where the program happens to be there, and all where
// CLAWQL_REQUIRE asks for it.
func kyvernoCases() int {
	if slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "kyverno") {
		return 3000
	}
	return 300
}
