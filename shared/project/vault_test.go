package project

import (
	"strings"
	"testing"
)

// withVault is the least file whose environment has a Vault.
func withVault(fields string) []byte {
	return []byte("apiVersion: clawql.io/v1alpha1\nkind: Project\nenvironments:\n  staging:\n    context: a\n    namespace: b\n    overlay: c\n    vault: " + fields + "\n")
}

func TestVaultOfAnEnvironment(t *testing.T) {
	for address, local := range map[string]bool{
		"https://vault.example.com:8200": false, "https://127.0.0.1:8200": true, "http://127.0.0.1:8200": true, "http://[::1]:8200/": true,
		"http://localhost:8200": true, "unix:///run/vault.sock": true, "https://127.0.0.1.example.com": false, "https://[::ffff:127.0.0.1]": true,
	} {
		p, err := Parse(withVault("{address: '" + address + "', token: {env: VAULT_STAGING}}"))
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if got := p.Environments["staging"].Vault.Local(); got != local {
			t.Errorf("%s: local %v", address, got)
		}
	}
	p, err := Parse(withVault("{address: 'https://v', token: {kubernetes: {role: drift}}}"))
	if err != nil {
		t.Fatal(err)
	}
	if k := p.Environments["staging"].Vault.Token.Kubernetes; k.Mount != "kubernetes" || k.TokenFile != ServiceAccountToken {
		t.Errorf("%+v", k)
	}
}

// What is refused, and that no token or password is repeated.
func TestVaultMistakes(t *testing.T) {
	const token = ", token: {env: VAULT_STAGING}}"
	for fields, message := range map[string]string{
		"{address: 'http://vault.example.com'" + token:                                 `clawql.yaml:8: environments.staging.vault.address is "http://vault.example.com", but must be https://`,
		"{address: 'http://10.0.0.1:8200'" + token:                                     "environments.staging.vault.address",
		"{address: 'http://127.0.0.1.example.com'" + token:                             "environments.staging.vault.address",
		"{address: 'http://0.0.0.0:8200'" + token:                                      "environments.staging.vault.address",
		"{address: 'http://localhost.example.com:8200'" + token:                        "environments.staging.vault.address",
		"{address: 'https://user:hvs.hidden@vault.example'" + token:                    `environments.staging.vault.address is "[redacted]"`,
		"{address: 'https://v/v1?token=hvs.hidden'" + token:                            `environments.staging.vault.address is "[redacted]"`,
		"{address: 'https://v/v1/sys'" + token:                                         "environments.staging.vault.address",
		"{address: 'unix://run/vault.sock'" + token:                                    "environments.staging.vault.address",
		"{address: 'unix:///run/../vault.sock'" + token:                                "environments.staging.vault.address",
		"{address: 'tcp://127.0.0.1:8200'" + token:                                     "environments.staging.vault.address",
		"{address: 'vault.example.com:8200'" + token:                                   "environments.staging.vault.address",
		"{address: ''" + token:                                                         "environments.staging.vault.address",
		"{address: 'https://v', namespace: /a" + token:                                 "environments.staging.vault.namespace",
		"{address: 'https://v', caCert: ../ca.pem" + token:                             "environments.staging.vault.caCert",
		"{address: 'unix:///v', caCert: ca.pem" + token:                                "environments.staging.vault.caCert",
		"{address: 'https://v'}":                                                       `environments.staging.vault.token is "[redacted]", but must be one of {env: NAME}`,
		"{address: 'https://v', token: {env: A, file: /b}}":                            "environments.staging.vault.token ",
		"{address: 'https://v', token: {env: hvs.hidden}}":                             `environments.staging.vault.token.env is "[redacted]"`,
		"{address: 'https://v', token: {file: hvs.hidden}}":                            `environments.staging.vault.token.file is "[redacted]"`,
		"{address: 'https://v', token: hvs.hidden}":                                    "clawql.yaml: ",
		"{address: 'https://v', token: {kubernetes: {}}}":                              "environments.staging.vault.token.kubernetes.role",
		"{address: 'https://v', token: {kubernetes: {role: a/b}}}":                     "environments.staging.vault.token.kubernetes.role",
		"{address: 'https://v', token: {kubernetes: {role: a, mount: ../x}}}":          "environments.staging.vault.token.kubernetes.mount",
		"{address: 'https://v', token: {kubernetes: {role: a, tokenFile: eyJhidden}}}": `token.kubernetes.tokenFile is "[redacted]"`,
	} {
		_, err := Parse(withVault(fields))
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v", fields, err)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s is repeated: %v", fields, err)
		}
	}
}
