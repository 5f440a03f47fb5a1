package driftcheck

import (
	"reflect"
	"testing"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/finding"
)

func TestKindsOfOneSideOnly(t *testing.T) {
	for name, c := range map[string]struct {
		from, to []string
		want     int
	}{
		"same": {[]string{"a.x.io"}, []string{"a.x.io"}, 0}, "one more": {[]string{"a.x.io", "b.x.io"}, []string{"a.x.io"}, 1},
		"each its own": {[]string{"a.x.io"}, []string{"b.x.io"}, 2}, "a folder does not tell": {nil, []string{"b.x.io"}, 0},
		"none and one": {[]string{}, []string{"b.x.io"}, 1},
	} {
		report := compare(t, Side{Kinds: c.from, Values: "k"}, Side{Kinds: c.to, Values: "k"}, Options{})
		if len(report.Findings) != c.want || (report.Status == finding.Equal) != (c.want == 0) {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

func TestAddedKinds(t *testing.T) {
	got := added([]clusterread.Listed{
		{Resource: "pods"}, {Group: "apps", Resource: "deployments"}, {Group: "networking.k8s.io", Resource: "networkpolicies"},
		{Group: "kyverno.io", Resource: "policies"},
	})
	if !reflect.DeepEqual(got, []string{"policies.kyverno.io"}) {
		t.Errorf("%v", got)
	}
	if added(nil) == nil {
		t.Error("a server without such kinds is one that told")
	}
}
