package main

import (
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/vaultread/vaulttest"
)

const vaultOfEnvironment = `, vault: {address: "ADDRESS", caCert: vault.pem, token: {kubernetes: {role: clawql-drift}}}}`

// vault: the pod logs in to a real Vault, which asks the real API server about
// the pod's token, and reads it by the policy that `drift rbac` prints.
func (t *scheduleTrial) vault() {
	server := vaulttest.Start(t.T, vaulttest.Options{})
	door := newWebhook(t.T, t.gateway) // TLS, where pods can reach it; Vault itself listens on loopback
	door.Config.Handler = httputil.NewSingleHostReverseProxy(must(url.Parse(server.Address)))
	t.write("vault.pem", door.ca)
	project := strings.ReplaceAll(string(must(os.ReadFile("clawql.yaml"))), ", overlay: o}", ", overlay: o"+strings.Replace(vaultOfEnvironment, "ADDRESS", door.URL, 1))
	t.write("clawql.yaml", project)
	t.expect("no way to Vault", 2, "drift.egress does not let the run connect to the Vault of staging", t.schedule("--dry-run")...)
	t.write("clawql.yaml", strings.Replace(project, "["+t.hook.port()+"]", "["+t.hook.port()+", "+door.port()+"]", 1))
	t.admit(server)
	t.kubectl("-n", "clawql-staging", "delete", "role/loose", "rolebinding/loose")
	t.expect("schedule", 0, "role clawql-drift of auth/kubernetes", t.schedule()...)
	t.enforce()
	t.runs("clawql-drift", "with-vault", 0, "0 open", "resolved critical RBAC eve")
	t.role(server, "other")
	t.runs("clawql-drift", "no-login", 3, "log in at auth/kubernetes as role clawql-drift", "new high DriftRun incomplete")
	t.kubectl("-n", "clawql-drift", "delete", "job", "no-login")
	if _, refused := t.counted(); refused > 0 {
		t.Errorf("%d connections refused", refused)
	}
}

// admit makes Vault ask the cluster who comes, and lets the run in.
func (t *scheduleTrial) admit(server *vaulttest.Server) {
	t.Helper()
	t.kubectl("-n", "kube-system", "create", "serviceaccount", "reviewer")
	t.kubectl("create", "clusterrolebinding", "reviewer", "--clusterrole=system:auth-delegator", "--serviceaccount=kube-system:reviewer")
	config := must(clientcmd.BuildConfigFromFlags("", t.scheduleSandbox.kubeconfig))
	ca := config.CAData
	if len(ca) == 0 {
		ca = must(os.ReadFile(config.CAFile))
	}
	server.Do("POST", "sys/auth/kubernetes", map[string]any{"type": "kubernetes"})
	server.Do("POST", "auth/kubernetes/config", map[string]any{
		"kubernetes_host": config.Host, "kubernetes_ca_cert": string(ca), "disable_local_ca_jwt": true,
		"token_reviewer_jwt": strings.TrimSpace(t.kubectl("-n", "kube-system", "create", "token", "reviewer")),
	})
	policy := must(exec.Command(filepath.Join(t.bin, "kubectl-clawql-drift"), "rbac", "production", "--vault").Output())
	server.Do("PUT", "sys/policies/acl/clawql-drift", map[string]any{"policy": string(policy)})
	t.role(server, "vault")
}

func (t *scheduleTrial) role(server *vaulttest.Server, audience string) {
	t.Helper()
	server.Do("POST", "auth/kubernetes/role/clawql-drift", map[string]any{
		"bound_service_account_names": "clawql-drift", "bound_service_account_namespaces": "clawql-drift",
		"audience": audience, "token_policies": "clawql-drift", "token_no_default_policy": true, "token_ttl": "15m",
	})
}
