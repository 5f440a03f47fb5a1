package rbac

import (
	"fmt"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// smallUniverse is every request that a drawn rule can tell from another.
func smallUniverse() []Request {
	var list []Request
	for _, verb := range []string{"get", "create", "escalate", "zz"} {
		for _, path := range []string{"/", "/a", "/ab", "/abc", "/abd", "/zz"} {
			list = append(list, Request{Verb: verb, Path: path})
		}
		for _, group := range []string{"", "apps", "rbac.authorization.k8s.io", "zz"} {
			for _, resource := range [][2]string{{"pods", ""}, {"pods", "exec"}, {"secrets", ""}, {"zz", ""}, {"zz", "exec"}, {"zz", "scale"}, {"clusterroles", ""}, {"zz", "zz"}} {
				for _, name := range []string{"", "a", "b", "zz"} {
					for _, namespace := range []string{"", "n1", "n2", "zz"} {
						list = append(list, Request{Verb: verb, Group: group, Resource: resource[0], Subresource: resource[1], Name: name, Namespace: namespace})
					}
				}
			}
		}
	}
	return list
}

// rights of a principal on a side, one bit a request of the universe.
func rights(t *testing.T, side Side, p principal, universe []Request) []bool {
	t.Helper()
	allowed := make([]bool, len(universe))
	for i, r := range universe {
		r.User, r.Groups = p.user, p.groups
		answer, err := Evaluate(side, r)
		if err != nil {
			t.Fatal(err)
		}
		allowed[i] = answer.Allowed
	}
	return allowed
}

// TestAgainstBruteForce: a subject has a finding in a direction exactly when
// some request of the universe shows it, and no group of the subject does.
func TestAgainstBruteForce(t *testing.T) {
	universe, differ := smallUniverse(), 0
	for seed := range int64(cases(60, 2000)) {
		a, b := pair(seed)
		got := map[string]bool{}
		for _, f := range mustCompare(t, seed, a, b) {
			got[fmt.Sprint(f.Direction, f.Object)] = true
		}
		all := principals([2]Side{a, b})
		only := map[string][2][]bool{}
		for _, p := range all {
			have := [2][]bool{rights(t, a, p, universe), rights(t, b, p, universe)}
			var alone [2][]bool
			for s := range have {
				for i := range universe {
					alone[s] = append(alone[s], have[s][i] && !have[1-s][i])
				}
			}
			only[p.String()] = alone
		}
		for _, p := range all {
			for s, direction := range []finding.Direction{finding.MorePermissive, finding.Stricter} {
				want := false
				for i := range universe {
					want = want || only[p.String()][s][i] && !byGroup(only, p, s, i)
				}
				if want {
					differ++
				}
				if want != got[fmt.Sprint(direction, p.object())] {
					t.Fatalf("seed %d: %s %s: found %v, brute force says %v", seed, direction, p, !want, want)
				}
			}
		}
	}
	if differ == 0 {
		t.Error("nothing ever differed: the test shows nothing")
	}
}

func byGroup(only map[string][2][]bool, p principal, side, i int) bool {
	for _, name := range p.groups {
		group, is := principalOf(rbacv1.Subject{Kind: "Group", Name: name}, "")
		if set, known := only[group.String()]; is && known && !p.isGroup(name) && set[side][i] {
			return true
		}
	}
	return false
}
