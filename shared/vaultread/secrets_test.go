package vaultread

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWithoutSecrets(t *testing.T) {
	const text = `{
		"bindpass": "canary", "client_tls_key": "canary", "oidc_client_secret": "canary", "secret": "canary", "token_reviewer_jwt": "canary",
		"provider_config": {"provider": "gsuite", "gsuite_service_account": "canary", "deep": [{"api_token": "canary"}]},
		"credentials": {"private_key": "canary"}, "url": "https://ann:canary@ldap.example.com", "note": "-----BEGIN RSA PRIVATE KEY-----canary",
		"a": "eyJhbGciOiJub25lIn0.eyJjYW5hcnki", "b": ["hvs.canarycanary"], "c": "{\"private_key\": \"canary\"}",
		"token_ttl": 600, "ratio": 0.5, "token_policies": ["a"], "bind_secret_id": true, "secret_id_ttl": 60, "token_reviewer_jwt_set": true,
		"empty_password": "", "kubernetes_ca_cert": "-----BEGIN CERTIFICATE-----x", "jwks_url": "https://issuer.example.com/keys", "none": null
	}`
	var data map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&data); err != nil {
		t.Fatal(err)
	}
	clean := WithoutSecrets(data)
	out, err := json.Marshal(clean)
	if err != nil || strings.Contains(string(out), "canary") || strings.Contains(string(out), "Y2FuYXJ5") {
		t.Errorf("%v %s", err, out)
	}
	for name, want := range map[string]any{
		"bindpass": Kept, "url": Kept, "a": Kept, "token_ttl": int64(600), "ratio": 0.5, "bind_secret_id": true, "secret_id_ttl": int64(60),
		"token_reviewer_jwt_set": true, "empty_password": "", "kubernetes_ca_cert": "-----BEGIN CERTIFICATE-----x", "jwks_url": "https://issuer.example.com/keys", "none": nil,
	} {
		if clean[name] != want {
			t.Errorf("%s: %v", name, clean[name])
		}
	}
}

// What a token has to claim is no secret, whatever the claim is called; a value
// that shows that it is one still is.
func TestClaimsAreNoSecrets(t *testing.T) {
	clean := WithoutSecrets(map[string]any{
		"bound_claims":   map[string]any{"token_use": "access", "client_secret_kind": []any{"a"}, "odd": "hvs.canarycanary"},
		"claim_mappings": map[string]any{"/secret/owner": "owner"},
	})
	out, err := json.Marshal(clean)
	if want := `{"bound_claims":{"client_secret_kind":["a"],"odd":"[secret]","token_use":"access"},"claim_mappings":{"/secret/owner":"owner"}}`; err != nil || string(out) != want {
		t.Errorf("%v %s", err, out)
	}
}
