package main

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/driftjob"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

func TestTheVaultOfTheRun(t *testing.T) {
	s := &scheduleSandbox{T: t}
	dir := t.TempDir()
	const ca = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
	s.write(dir+"/ca.pem", ca)
	was := &project.Vault{Address: "https://vault.example.com", CACert: "ca.pem", Token: project.VaultToken{Kubernetes: &project.VaultKubernetes{Mount: "k", Role: "r", TokenFile: project.ServiceAccountToken}}}
	got, err := inPod(was, dir)
	if err != nil || got.CACert != ca || got.Token.Kubernetes.TokenFile != driftjob.VaultTokenFile || got.Token.Kubernetes.Role != "r" {
		t.Errorf("%+v %v", got, err)
	}
	if was.CACert != "ca.pem" || was.Token.Kubernetes.TokenFile != project.ServiceAccountToken {
		t.Errorf("what was read is changed: %+v", was)
	}
	was.CACert = "none.pem"
	if _, err := inPod(was, dir); fault.Code(err) != fault.CodeUsage {
		t.Errorf("%v", err)
	}
	if got, err := inPod(nil, dir); got != nil || err != nil {
		t.Errorf("%+v %v", got, err)
	}
}

func TestVaultsThatAreServices(t *testing.T) {
	port := func(port, target any) map[string]any { return map[string]any{"port": port, "targetPort": target} }
	service := func(selector map[string]any, ports ...any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"namespace": "secrets", "name": "vault"}, "spec": map[string]any{"selector": selector, "ports": ports},
		}}
	}
	app := map[string]any{"app": "vault"}
	v := &driftjob.Vault{Environment: "staging", Vault: project.Vault{Address: "https://vault.secrets.svc:8200"}}
	for _, c := range []struct {
		service *unstructured.Unstructured
		want    string
		fails   bool
	}{
		{service(app, port(int64(443), int64(1)), port(int64(8200), int64(8210))), "8210", false},
		{service(app, port(int64(8200), "api")), "api", false},
		{service(app, map[string]any{"port": int64(8200)}), "8200", false},
		{service(app, port(int64(8200), int64(0))), "8200", false},
		{service(app, port(int64(443), int64(8200))), "", true},
		{service(nil, port(int64(8200), int64(8200))), "", false},
	} {
		got, err := serviceOf(c.service, v)
		if (err != nil) != c.fails || (got != nil) != (c.want != "") || got != nil && (got.Port.String() != c.want || got.Namespace != "secrets" || got.Selector["app"] != "vault") {
			t.Errorf("%v: %+v %v", c.service, got, err)
		}
	}
}
