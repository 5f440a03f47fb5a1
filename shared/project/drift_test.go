package project

import (
	"strings"
	"testing"
	"time"
)

func TestDriftExceptionCovers(t *testing.T) {
	for _, one := range []struct {
		object, direction        string
		control, is, isDirection string
		want                     bool
	}{
		{"NetworkPolicy clawql/allow-*", "", "NetworkPolicy", "NetworkPolicy clawql/allow-metrics", "stricter", true},
		{"NetworkPolicy clawql/allow-*", "", "NetworkPolicy", "NetworkPolicy clawql/allow-metrics", "different", true},
		{"NetworkPolicy clawql/allow-*", "", "NetworkPolicy", "NetworkPolicy clawql/allow-metrics", "more-permissive", false},
		{"NetworkPolicy clawql/allow-*", "more-permissive", "NetworkPolicy", "NetworkPolicy clawql/allow-metrics", "more-permissive", true},
		{"NetworkPolicy clawql/allow-*", "more-permissive", "NetworkPolicy", "NetworkPolicy clawql/allow-metrics", "stricter", false},
		{"NetworkPolicy clawql/allow-*", "", "NetworkPolicy", "NetworkPolicy other/allow-metrics", "stricter", false},
		{"NetworkPolicy *", "", "NetworkPolicy", "NetworkPolicy clawql/x", "stricter", false}, // * ends at a slash
		{"NetworkPolicy */*", "", "RBAC", "NetworkPolicy clawql/x", "stricter", false},
	} {
		e := DriftException{Control: "NetworkPolicy", Object: one.object, Direction: one.direction}
		if got := e.Covers(one.control, one.is, one.isDirection); got != one.want {
			t.Errorf("%+v: %v", one, got)
		}
	}
}

func TestDriftExceptionEndsWithItsDay(t *testing.T) {
	e := DriftException{Expires: Date(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC))}
	last := time.Date(2027, 2, 1, 23, 59, 59, 0, time.UTC)
	if e.Expired(last) || !e.Expired(last.Add(time.Second)) {
		t.Error("it holds until the end of its last day, UTC")
	}
}

func TestDriftExceptionNeedsReasonOwnerAndEnd(t *testing.T) {
	const base = "apiVersion: clawql.io/v1alpha1\nkind: Project\nenvironments: {staging: {context: a, namespace: b, overlay: c}}\ndrift: {exceptions: [{control: RBAC, object: 'ServiceAccount a/b', direction: stricter, reason: because it is so, owner: me, expires: 2027-02-01}]}\n"
	if _, err := Parse([]byte(base)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"control: RBAC, ", ""}, {"'ServiceAccount a/b'", "x"}, {"'ServiceAccount a/b'", "'S [a'"}, {"direction: stricter", "direction: looser"},
		{"because it is so", "so"}, {"owner: me, ", ""}, {", expires: 2027-02-01", ""},
	} {
		if _, err := Parse([]byte(strings.Replace(base, change[0], change[1], 1))); err == nil {
			t.Errorf("%v is taken", change)
		}
	}
}
