package driftcheck

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestNamesOfCredentials(t *testing.T) {
	for name, want := range map[string]bool{
		"CLAWQL_API_KEY": true, "CLAWQL_MCP_OAUTH_SIGNING_SECRET": true, "CLAWQL_MCP_JWT_HS256_SECRET": true, "CLAWQL_SERVICE_TOKEN": true, "password": true, "DB_PASS": true,
		"mysql-pwd": true, "dbPassword": true, "AWS_SECRET_ACCESS_KEY": true, "Authorization": true, "X-Api-Key": true, "--token": true, "client.secret": true, ".dockerconfigjson": true,
		"bindpass": true, "token_reviewer_jwt": true, "SLACK_WEBHOOK_URL": true, "DATABASE_URL": true, "privateKey": true, strings.Repeat("x", 500) + "token": true,
		"CLAWQL_LOG_LEVEL": false, "CLAWQL_MCP_JWT_ENABLED": false, "CLAWQL_MCP_JWT_JWKS_URL": false, "CLAWQL_MCP_JWT_AUDIENCE": false, "PANGUARD_PROXY_FAIL_MODE": false, "CLAWQL_PANGUARD_BLOCK_TOOLS": false,
		"secretName": false, "credentialName": false, "passwordSecretRef": false, "tokenExpirationSeconds": false, "TOKEN_URL": false, "PASSWORD_FILE": false, "publicKey": false, "": false,
		"image": false, "AWS_ACCESS_KEY_ID": false, "automountServiceAccountTokenEnabled": false, "-": false,
	} {
		if got := isCredential(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestTextsThatHoldCredentials(t *testing.T) {
	for text, want := range map[string]bool{
		"cqk_0123456789abcdef_abcdefghijklmnopqrstuvwxyz012345": true, "x ghp_0123456789abcdefghij y": true, "Bearer abcdefghijklmnop": true, "postgres://u:p@db": true, "see https://a/b amqp://u:p@mq/x": true,
		"-----BEGIN EC PRIVATE KEY-----\nx": true, "eyJhbGciOiJIUzI1NiJ9.eyJhdHIiOnsi.x": true,
		"https://github.com/a/b/.github/workflows/x.yml@refs/heads/main": false, "https://a.example/@x:y": false, "https://a.example?q=a:b@c": false, "ghp_": false, "Bearer of bad news": false,
		"registry.example.com/mask-abcdefghijklmnop": false, "ghcr.io/acme/mcp@sha256:4b1c0f5e2d8a7c6b9e3f1a0d5c4b3a29": false, "http://": false, "-----BEGIN CERTIFICATE-----": false, "user@example.com": false,
	} {
		if got := holdsCredential(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	for text, want := range map[string]bool{
		"password = x": true, `{"apiKey": "x"}`: true, "a: 1\nb:\n  token: x\n": true, "curl -H 'X-Api-Key: x'": true, "export DB_PASSWORD=x": true,
		"token:\n  path: x\n": false, "tokenFile: /a": false, "password=": false, "=": false, "a secret thing: no": false, "passwords are long": false,
	} {
		if got := assigns(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// What a policy selects by stays as it is written, whatever it is called.
func TestSelectorsAreNotSealed(t *testing.T) {
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "a", "labels": map[string]any{"token": "team"}},
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": map[string]any{"secret": "x"}},
			"template": map[string]any{
				"metadata": map[string]any{"labels": map[string]any{"secret": "x"}, "annotations": map[string]any{"container.apparmor.security.beta.kubernetes.io/token-proxy": "unconfined"}},
				"spec": map[string]any{
					"containers": []any{map[string]any{"name": "token", "image": "sk-0123456789abcdef", "args": []any{"--token-file=/a", "--verbose", "token"},
						"env": []any{map[string]any{"name": "X_TOKEN", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "s", "key": "token"}}}}}},
					"volumes": []any{map[string]any{"name": "token", "secret": map[string]any{"secretName": "s"}}},
				},
			},
		},
	}}
	before := o.DeepCopy()
	if err := newSealer().hide(o); err != nil {
		t.Fatal(err)
	}
	if Sealed(renderedText(o)) || renderedText(o) != renderedText(before) {
		t.Errorf("%s", renderedText(o))
	}
}

func renderedText(o *unstructured.Unstructured) string {
	text, _ := o.MarshalJSON()
	return string(text)
}

func BenchmarkHide(b *testing.B) {
	o := &unstructured.Unstructured{}
	text := `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","labels":{"a":"b"},"annotations":{"a":"b","c":"d"}},"spec":{"replicas":1,"template":{"metadata":{"labels":{"a":"b"}},"spec":{"serviceAccountName":"x","containers":[{"name":"a","image":"ghcr.io/a/b@sha256:0123456789abcdef","args":["--port=80","--verbose"],"env":[{"name":"A","value":"b"},{"name":"LOG_LEVEL","value":"info"},{"name":"URL","value":"https://a.example/b"}],"ports":[{"name":"http","containerPort":80}],"volumeMounts":[{"name":"x","mountPath":"/x"}]}],"volumes":[{"name":"x","emptyDir":{}}]}}}}`
	if err := o.UnmarshalJSON([]byte(text)); err != nil {
		b.Fatal(err)
	}
	s := newSealer()
	for b.Loop() {
		if err := s.hide(o); err != nil {
			b.Fatal(err)
		}
	}
}
