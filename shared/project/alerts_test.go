package project

import (
	"strings"
	"testing"
	"time"
)

const alertsBase = `apiVersion: clawql.io/v1alpha1
kind: Project
environments: {staging: {context: a, namespace: b, overlay: c}}
drift:
  alerts:
  - {name: pager, type: alertmanager, severities: [critical], urlFrom: {env: CLAWQL_ALERT_PAGER}}
  - {name: chat, type: slack, severities: [critical, high], urlFrom: {file: /etc/clawql/alerts/chat}}
`

func TestAlerts(t *testing.T) {
	p, err := Parse([]byte(alertsBase))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Drift.Alerts) != 2 || p.Drift.Remind() != 30*24*time.Hour {
		t.Errorf("%+v", p.Drift)
	}
	for _, change := range [][2]string{
		{"name: chat", "name: pager"}, {"name: chat", "name: Chat Room"}, {"type: slack", "type: pigeon"}, {"[critical, high]", "[]"}, {"[critical, high]", "[fatal]"},
		{"{env: CLAWQL_ALERT_PAGER}", "{}"}, {"{env: CLAWQL_ALERT_PAGER}", "{env: A, file: /b}"}, {"file: /etc", "file: etc"},
		{"drift:\n", "drift:\n  remindDays: 400\n"}, {"drift:\n", "drift:\n  egress: [{cidr: x, ports: [443]}]\n"}, {"drift:\n", "drift:\n  egress: [{cidr: 10.0.0.0/8, ports: []}]\n"},
	} {
		if _, err := Parse([]byte(strings.Replace(alertsBase, change[0], change[1], 1))); err == nil {
			t.Errorf("%v is taken", change)
		}
	}
}

// A URL in a wrong place is refused, and not repeated.
func TestAURLInClawqlYAMLIsNotRepeated(t *testing.T) {
	const url = "https://hooks.example.com/services/T0/B0/planted-secret"
	for _, change := range [][2]string{
		{"{env: CLAWQL_ALERT_PAGER}", "{env: '" + url + "'}"}, {"file: /etc/clawql/alerts/chat", "file: '" + url + "'"},
		{"urlFrom: {env: CLAWQL_ALERT_PAGER}", "urlFrom: '" + url + "'"}, {"urlFrom: {env: CLAWQL_ALERT_PAGER}", "url: '" + url + "'"},
	} {
		_, err := Parse([]byte(strings.Replace(alertsBase, change[0], change[1], 1)))
		if err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%v: %v", change, err)
		}
	}
}
