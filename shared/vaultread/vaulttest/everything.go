package vaulttest

import "strings"

// Planted is in every secret that Everything writes: it must be in no output.
const Planted = "canary4711"

// Everything writes a policy and an auth method of each type that can be read,
// each configured, with one of each thing at which somebody may log in.
func (s *Server) Everything() {
	s.Helper()
	s.Do("PUT", "sys/policies/acl/clawql-eso-read", map[string]any{"policy": `path "secret/data/clawql/providers" { capabilities = ["read"] }`})
	for _, kind := range []string{"kubernetes", "jwt", "oidc", "approle", "userpass", "cert", "ldap", "radius", "github"} {
		s.Do("POST", "sys/auth/"+kind, map[string]any{"type": kind})
	}
	ca, _, _ := Certificates(s, s.TempDir())
	token := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ" + Planted + "In0." + Planted
	for _, one := range []struct {
		path   string
		fields map[string]any
	}{
		{"kubernetes/config", map[string]any{"kubernetes_host": "https://10.0.0.1:6443", "kubernetes_ca_cert": ca, "token_reviewer_jwt": token}},
		{"kubernetes/role/clawql-eso-read", map[string]any{
			"bound_service_account_names": "gateway", "bound_service_account_namespaces": "clawql", "audience": "vault",
			"token_policies": "clawql-eso-read", "token_ttl": "10m",
		}},
		{"jwt/config", map[string]any{"jwt_validation_pubkeys": []string{publicKey}, "bound_issuer": "https://issuer.example.com"}},
		{"jwt/role/ci", map[string]any{"role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault", "bound_claims": map[string]any{"repo": "a/b"}, "token_policies": "clawql-eso-read"}},
		{"oidc/config", map[string]any{"jwt_validation_pubkeys": []string{publicKey}}}, // with a discovery address it would ask that
		{"oidc/role/people", map[string]any{"role_type": "oidc", "user_claim": "sub", "allowed_redirect_uris": "https://vault.example.com/cb", "bound_audiences": "vault"}},
		{"approle/role/job", map[string]any{"token_policies": "clawql-eso-read", "secret_id_ttl": "1h", "secret_id_num_uses": 3, "bind_secret_id": true}},
		{"approle/role/job/custom-secret-id", map[string]any{"secret_id": Planted}},
		{"approle/role/job/role-id", map[string]any{"role_id": Planted}},
		{"userpass/users/ann", map[string]any{"password": Planted, "token_policies": "clawql-eso-read"}},
		{"cert/certs/proxy", map[string]any{"certificate": ca, "token_policies": "clawql-eso-read", "allowed_common_names": "proxy"}},
		{"ldap/config", map[string]any{"url": "ldaps://ldap.example.com", "userdn": "ou=u", "groupdn": "ou=g", "binddn": "cn=v", "bindpass": Planted, "certificate": ca}},
		{"ldap/groups/admins", map[string]any{"policies": "clawql-eso-read"}},
		{"ldap/users/ann", map[string]any{"policies": "default", "groups": "admins"}},
		{"radius/config", map[string]any{"host": "radius.example.com", "secret": Planted}},
		{"radius/users/ann", map[string]any{"policies": "clawql-eso-read"}},
		{"github/config", map[string]any{"organization": "acme", "organization_id": 1}},
		{"github/map/teams/dev", map[string]any{"value": "clawql-eso-read"}},
		{"github/map/users/ann", map[string]any{"value": "clawql-eso-read"}},
		{"token/roles/short", map[string]any{"allowed_policies": "clawql-eso-read", "token_explicit_max_ttl": "1h", "orphan": true}},
	} {
		s.Do("POST", "auth/"+one.path, one.fields)
	}
	for _, kind := range []string{"group", "entity"} {
		s.Do("POST", "identity/"+kind, map[string]any{"name": "with", "policies": []string{"clawql-eso-read"}})
		s.Do("POST", "identity/"+kind, map[string]any{"name": "without"})
	}
}

// Names are those of Everything, as Vault's roles are compared: MOUNT/NAME.
var Names = strings.Fields(`approle/job cert/proxy github/teams/dev github/users/ann jwt/ci kubernetes/clawql-eso-read
	ldap/groups/admins ldap/users/ann oidc/people radius/ann token/short userpass/ann`)

// publicKey is one of nobody.
const publicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----`
