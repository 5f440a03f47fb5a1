package podsec

import (
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/clawql/clawql-workbench/shared/finding"
)

func portOf(n int32) intstr.IntOrString { return intstr.FromInt32(n) }

// Must hold for any configuration. Compare checks each witness by itself; a
// check that fails is an error here.
func each(t *testing.T, check func(seed int64, d dice)) {
	t.Helper()
	t.Parallel()
	for seed := range int64(cases(300, 10_000)) {
		check(seed, dice{rand.New(rand.NewSource(seed))})
	}
}

func TestComparedWithItselfIsEqual(t *testing.T) {
	each(t, func(seed int64, d dice) {
		s := d.side()
		if r := compare(t, s, reversed(s)); len(r.Findings)+len(r.Incomplete) > 0 {
			t.Fatalf("seed %d: not equal to itself in another order: %+v", seed, r)
		}
	})
}

func TestSwappedSidesFlipEveryDirection(t *testing.T) {
	seen := map[finding.Direction]int{}
	equal := 0
	each(t, func(seed int64, d dice) {
		a, b := d.pair()
		there, back := compare(t, a, b), compare(t, b, a)
		if len(there.Findings) == 0 {
			equal++
		}
		for _, f := range there.Findings {
			seen[f.Direction]++
		}
		if want, got := keysOf(there, true), keysOf(back, false); !slices.Equal(want, got) {
			t.Fatalf("seed %d: %v\n%v", seed, there.Findings, back.Findings)
		}
		if again := compare(t, reversed(a), reversed(b)); !slices.Equal(keysOf(again, false), keysOf(there, false)) {
			t.Fatalf("seed %d: another order of objects: %+v\n%+v", seed, again, there)
		}
	})
	t.Log(equal, "equal pairs;", seen)
	if equal == 0 || len(seen) < 3 {
		t.Error("the generator draws nothing of worth")
	}
}

func keysOf(r *Result, flip bool) []string {
	var keys []string
	for _, f := range r.Findings {
		d := f.Direction
		if flip {
			d = d.Flip()
		}
		keys = append(keys, fmt.Sprint(d, f.Object, f.Control, witness(f)))
	}
	slices.Sort(keys)
	return keys
}

// A lower level of one version, a workload less, and a pod with a spoiled field
// mended: all of them have one direction.
func TestLooseningIsNeverStricter(t *testing.T) {
	levels := []string{"privileged", "baseline", "restricted"}
	found := 0
	each(t, func(seed int64, d dice) {
		at, version := 1+d.Intn(2), fmt.Sprintf("v1.%d", d.Intn(40))
		tight := namespace("enforce", levels[at], "enforce-version", version)
		loose := namespace("enforce", levels[d.Intn(at)], "enforce-version", version)
		tight.Workloads = d.side().Workloads
		loose.Workloads = slices.Clone(tight.Workloads)
		if p := d.pod(); d.in(2) { // one more workload runs
			loose.Workloads = append(loose.Workloads, Workload{Object: finding.Object{Kind: "Deployment", Namespace: "clawql", Name: "more"}, Meta: p.meta, Spec: p.spec})
		}
		for _, f := range compare(t, loose, tight).Findings {
			found++
			if f.Direction != finding.MorePermissive {
				t.Fatalf("seed %d: looser, and %s: %+v", seed, f.Direction, f)
			}
		}
		for _, f := range compare(t, tight, loose).Findings {
			if f.Direction != finding.Stricter {
				t.Fatalf("seed %d: tighter, and %s: %+v", seed, f.Direction, f)
			}
		}
	})
	if found == 0 {
		t.Error("nothing was ever found")
	}
}

// A side in which nothing but the order of lists inside pods differs is equal.
func TestOrderInsidePodsIsNothing(t *testing.T) {
	each(t, func(seed int64, d dice) {
		a := d.side()
		b := Side{Namespaces: a.Namespaces}
		for i, w := range a.Workloads {
			second := modest()
			other := *second.container()
			other.Name = "other"
			a.Workloads[i].Spec.Containers = append(w.Spec.Containers, other)
			spec := a.Workloads[i].Spec.DeepCopy()
			slices.Reverse(spec.Containers)
			slices.Reverse(spec.Volumes)
			w.Spec = *spec
			b.Workloads = append(b.Workloads, w)
		}
		if r := compare(t, a, b); len(r.Findings) > 0 {
			t.Fatalf("seed %d: %+v", seed, r.Findings)
		}
	})
}

// TestNoDrawnPodTellsMore: where a pod, drawn without any thought of the
// probes, is admitted by the one side alone, Compare has said that this side is
// the more permissive one. So the probes leave no version of a check out.
func TestNoDrawnPodTellsMore(t *testing.T) {
	told := 0
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(seed int64, d dice) {
		a, b := namespace(d.labels()...), namespace(d.labels()...)
		seen := map[finding.Direction]bool{}
		for _, f := range compare(t, a, b).Findings {
			seen[f.Direction] = true
		}
		for range 20 {
			p := d.pod()
			from, to := admitted(evaluator, a, p), admitted(evaluator, b, p)
			if from == to || impossible(p.meta, p.spec) {
				continue
			}
			told++
			if want := (map[bool]finding.Direction{true: finding.MorePermissive, false: finding.Stricter})[from]; !seen[want] {
				t.Fatalf("seed %d: %v against %v: admitted by from %v, by to %v, and no finding that is %s: %+v %+v", seed, a.Namespaces[0].Labels, b.Namespaces[0].Labels, from, to, want, p.meta, p.spec)
			}
		}
	})
	if told == 0 {
		t.Error("no pod ever told the sides apart")
	}
	t.Log(told, "pods told two sides apart")
}

func admitted(evaluator policy.Evaluator, s Side, p pod) bool {
	set, _ := api.PolicyToEvaluate(s.Namespaces[0].Labels, cluster())
	return policy.AggregateCheckResults(evaluator.EvaluatePod(set.Enforce, &p.meta, &p.spec)).Allowed
}

// Two runs say the same.
func TestTwoRunsAgree(t *testing.T) {
	d := dice{rand.New(rand.NewSource(1))}
	for range 50 {
		a, b := d.side(), d.side()
		if !reflect.DeepEqual(compare(t, a, b), compare(t, a, b)) {
			t.Fatal("two runs differ")
		}
	}
}
