package netpol

import (
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// A lets the other environment's network in, B its own: the mapping must not
// make one of the two.
func TestAMappedNetworkHidesTheOtherEnvironments(t *testing.T) {
	m := Mapping{CIDRs: prefixes("10.0.0.0/16", "10.1.0.0/16")}
	from := func(cidr string) Side { return sideOf(t, webFrom(`{from: [{ipBlock: {cidr: `+cidr+`}}]}`)) }
	for cidr, equal := range map[string]bool{"10.0.0.0/16": true, "10.1.0.0/16": false, "10.1.2.0/24": false} {
		mapped, err := m.Apply(from(cidr))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Compare(mapped, from("10.1.0.0/16"), Options{})
		if err != nil || (len(r.Findings) == 0) != equal {
			t.Errorf("%s: %v %+v", cidr, err, r)
		}
	}
	m = Mapping{CIDRs: prefixes("10.0.0.0/16", "172.16.0.0/16")}
	if _, err := m.Apply(from("172.16.0.0/12")); err == nil {
		t.Error("a block that has only the target could be mapped")
	}
}

// A isolates tier=old, B tier=new: a pod tier=new is open in A, whatever stands
// for what.
func TestAMappedLabelHidesAnOpenPod(t *testing.T) {
	isolated := func(tier string) Side {
		s := sideOf(t, `{metadata: {name: web}, spec: {podSelector: {matchLabels: {tier: `+tier+`}}}}`)
		s.Namespaces = []Namespace{{"clawql", nil}}
		s.Workloads = []Workload{{Namespace: s.Policies[0].Namespace, Name: "Deployment/web", Labels: map[string]string{"tier": "new"}}}
		return s
	}
	mapped, err := Mapping{Labels: map[string]string{"tier=old": "tier=new"}}.Apply(isolated("old"))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Compare(mapped, isolated("new"), Options{}); err != nil || len(r.Findings) == 0 {
		t.Errorf("%v %+v", err, r)
	}
}

// Labels that would become one are never decided by the order of a map, and
// what has no exchange is refused.
func TestMappingsThatFoldTwoIntoOne(t *testing.T) {
	pod := func(labels ...string) Side {
		all := map[string]string{}
		for i := 0; i < len(labels); i += 2 {
			all[labels[i]] = labels[i+1]
		}
		return Side{Workloads: []Workload{{Namespace: "n", Name: "Pod/p", Labels: all}}}
	}
	asks := func(requirement string) Side {
		return sideOf(t, `{metadata: {name: x}, spec: {podSelector: {matchExpressions: [`+requirement+`]}}}`)
	}
	labels := func(pairs ...string) Mapping {
		m := Mapping{Labels: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			m.Labels[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for name, c := range map[string]struct {
		m    Mapping
		side Side
		code int
	}{
		"a pod that has both keys":            {labels("a=x", "b=y"), pod("a", "x", "b", "z"), fault.CodeUnable},
		"a key whose value goes elsewhere":    {labels("a=x", "b=y"), asks(`{key: b, operator: Exists}`), fault.CodeUnable},
		"another value of that key":           {labels("a=x", "b=y"), asks(`{key: b, operator: In, values: [z]}`), fault.CodeUnable},
		"two labels to one":                   {labels("a=x", "b=y", "c=z", "b=y"), Side{}, fault.CodeUsage},
		"two keys to one":                     {labels("a", "c", "b", "c"), Side{}, fault.CodeUsage},
		"a key and its value":                 {labels("a", "b", "a=x", "a=y"), Side{}, fault.CodeUsage},
		"values of one key to two":            {labels("a=x", "b=x", "a=y", "c=y"), Side{}, fault.CodeUsage},
		"the name of a namespace":             {labels(NameLabel, "b"), Side{}, fault.CodeUsage},
		"two networks to one":                 {Mapping{CIDRs: prefixes("10.0.0.0/16", "10.2.0.0/16", "10.1.0.0/16", "10.2.0.0/16")}, Side{}, fault.CodeUsage},
		"a network within another":            {Mapping{CIDRs: prefixes("10.0.0.0/16", "10.1.0.0/16", "10.0.3.0/24", "10.9.0.0/24")}, Side{}, fault.CodeUsage},
		"a network mapped twice, once masked": {Mapping{CIDRs: prefixes("10.0.0.1/16", "10.1.0.0/16", "10.0.0.0/16", "10.9.0.0/16")}, Side{}, fault.CodeUsage},
	} {
		for range 20 { // maps have no order
			if _, err := c.m.Apply(c.side); err == nil || fault.Code(err) != c.code {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
	mapped, err := labels("a", "b").Apply(pod("a", "1", "b", "2"))
	if l := mapped.Workloads; err != nil || len(l) != 1 || l[0].Labels["a"] != "2" || l[0].Labels["b"] != "1" {
		t.Errorf("a pod that has both keys: %v %+v", err, l)
	}
	chain, err := labels("a", "b", "b", "c").Apply(pod("a", "1", "b", "2", "c", "3"))
	if l := chain.Workloads; err != nil || l[0].Labels["b"] != "1" || l[0].Labels["c"] != "2" || l[0].Labels["a"] != "3" {
		t.Errorf("a chain: %v %+v", err, l)
	}
}
