package driftjob

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/clawql/clawql-workbench/shared/project"
)

func withVaults() Spec {
	s := good()
	s.VaultAudience = VaultAudience
	s.Egress = append(s.Egress, project.Egress{CIDR: "10.7.0.0/16", Ports: []int32{8200}})
	login := &project.VaultKubernetes{Mount: "kubernetes", Role: "clawql-drift", TokenFile: VaultTokenFile}
	s.Vaults = []Vault{
		{Environment: "staging", Vault: project.Vault{Address: "https://10.7.1.2:8200", Token: project.VaultToken{Env: "CLAWQL_VAULT_STAGING"}}},
		{Environment: "production", Vault: project.Vault{Address: "https://vault.secrets.svc:8200", Token: project.VaultToken{Kubernetes: login}},
			Service: &Service{Namespace: "secrets", Selector: map[string]string{"app": "vault"}, Port: intstr.FromString("api")}},
	}
	return s
}

func TestTheRunReachesVaultAndLogsIn(t *testing.T) {
	s := withVaults()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	pod := find[batchv1.CronJob](t, s.Job(), "CronJob", Name).Spec.JobTemplate.Spec.Template.Spec
	token := pod.Volumes[2].Projected.Sources[0].ServiceAccountToken
	if token == nil || token.Audience != "vault" || len(pod.Volumes[2].Projected.Sources) != 1 || pod.Containers[0].VolumeMounts[2].MountPath+"/"+token.Path != VaultTokenFile {
		t.Errorf("%+v", pod.Volumes)
	}
	found := false
	for _, e := range pod.Containers[0].Env {
		found = found || e.Name == "CLAWQL_VAULT_STAGING" && e.ValueFrom.SecretKeyRef.Name == VaultSecret && e.Value == ""
	}
	if !found {
		t.Errorf("%+v", pod.Containers[0].Env)
	}
	policy := find[networkingv1.NetworkPolicy](t, s.Job(), "NetworkPolicy", Name).Spec
	last := policy.Egress[len(policy.Egress)-1]
	if len(last.To) != 1 || last.To[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] != "secrets" || last.To[0].PodSelector.MatchLabels["app"] != "vault" || last.Ports[0].Port.String() != "api" {
		t.Errorf("%+v", last)
	}
	if got := strings.Join(s.VaultNeeds(), "; "); !strings.Contains(got, "clawql-drift-vault with tokens of Vault: CLAWQL_VAULT_STAGING") || !strings.Contains(got, "role clawql-drift of auth/kubernetes") {
		t.Error(got)
	}
	s.Vaults = s.Vaults[:1]
	if volumes := find[batchv1.CronJob](t, s.Job(), "CronJob", Name).Spec.JobTemplate.Spec.Template.Spec.Volumes; len(volumes) != len(pod.Volumes)-1 {
		t.Error("a token for Vault without a login")
	}
}

func TestVaultsThatTheRunCannotReach(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Spec)
		fails  string
	}{
		"a name":             {func(s *Spec) { s.Vaults[0].Address = "https://vault.example.com:8200" }, ""},
		"another port":       {func(s *Spec) { s.Vaults[0].Address = "https://vault.example.com" + ":8201" }, "does not let the run connect to the Vault of staging, vault.example.com:8201"},
		"the port of https":  {func(s *Spec) { s.Vaults[0].Address = "https://vault.example.com" }, ""}, // 443 is open to 203.0.113.0/24
		"another network":    {func(s *Spec) { s.Vaults[0].Address = "https://10.8.1.2:8200" }, "does not let the run connect"},
		"this machine":       {func(s *Spec) { s.Vaults[0].Address = "http://127.0.0.1:8200" }, "is of your machine"},
		"a socket":           {func(s *Spec) { s.Vaults[0].Address = "unix:///run/vault" }, "is of your machine"},
		"a file":             {func(s *Spec) { s.Vaults[0].Token = project.VaultToken{File: "/etc/token"} }, "not there in the cluster"},
		"no such Service":    {func(s *Spec) { s.Vaults[1].Service = nil }, ""}, // 8200 is open
		"a Service, no port": {func(s *Spec) { s.Vaults[1].Service, s.Vaults[1].Address = nil, "https://vault.secrets.svc:8300" }, "does not let the run connect"},
	} {
		s := withVaults()
		c.change(&s)
		if err := s.Check(); (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %v", name, err)
		}
	}
	v := Vault{Vault: project.Vault{Address: "https://vault.secrets.svc.cluster.local"}}
	if namespace, name, is := v.InCluster(); namespace != "secrets" || name != "vault" || !is {
		t.Error(namespace, name, is)
	}
	v.Address = "https://vault.example.com"
	if _, _, is := v.InCluster(); is {
		t.Error("a name of the world is taken for a Service")
	}
}
