package main

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/driftjob"
	"github.com/clawql/clawql-workbench/shared/project"
)

const scheduleProject = `apiVersion: clawql.io/v1alpha1
kind: Project
owner: me
hooks: {agentThreatRules: required}
environments:
  staging: {context: arn/aws:stage, namespace: clawql-staging, overlay: o, traffic: {hostnames: [a.example.com]}}
  production: {context: prod, namespace: clawql, overlay: o}
  other: {context: c, namespace: d, overlay: e}
drift:
  remindDays: 7
  exceptions: [{control: RBAC, object: ServiceAccount a/b, reason: because it is so, owner: x, expires: 2027-01-01}]
  alerts: [{name: pager, type: webhook, severities: [critical], urlFrom: {env: CLAWQL_ALERT_PAGER}}]
  egress: [{cidr: 203.0.113.0/24, ports: [443]}]
`

// What the run finds in its folder: a clawql.yaml that it can read, with all
// that decides, and a kubeconfig that has its context and no secret.
func TestWhatTheRunIsGiven(t *testing.T) {
	p, err := project.Parse([]byte(scheduleProject))
	if err != nil {
		t.Fatal(err)
	}
	text, err := reduced(p, options{from: side{name: "staging"}, to: side{name: "production"}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	small, err := project.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(small.Environments) != 2 || small.Environments["staging"].Context != "arn/aws:stage" || len(small.Drift.Exceptions) != 1 || small.Drift.Remind() != 7*24*time.Hour || small.Drift.Exceptions[0].Expires.String() != "2027-01-01" {
		t.Errorf("%s", text)
	}
	if strings.Contains(string(text), "a.example.com") || strings.Contains(string(text), "other") {
		t.Errorf("more than it needs: %s", text)
	}
	spec := driftjob.Spec{ToContext: "arn/aws:prod", Project: text, Server: netip.MustParseAddrPort("[fd00::1]:443"), APIServer: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:443")}, HistoryName: "h"}
	for _, o := range spec.Job() {
		if o.GetName() != driftjob.ConfigName {
			continue
		}
		data := o.Object["data"].(map[string]any)
		config, err := clientcmd.Load([]byte(data["kubeconfig"].(string)))
		if err != nil {
			t.Fatal(err)
		}
		here := config.Contexts["arn/aws:prod"]
		if here == nil || config.Clusters[here.Cluster] == nil || config.Clusters[here.Cluster].Server != "https://[fd00::1]:443" || config.AuthInfos[here.AuthInfo].TokenFile != "/var/run/secrets/clawql/token" || config.AuthInfos[here.AuthInfo].Token != "" {
			t.Errorf("%v", data["kubeconfig"])
		}
		return
	}
	t.Error("the run is given no configuration")
}
