package vaultread

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
)

// Kept stands where a secret was: that one is set can be compared.
const Kept = vaultauth.Secret

// secretWords are parts of the names of fields that hold a secret: of Vault's
// own methods token_reviewer_jwt, bindpass, oidc_client_secret, client_tls_key,
// secret, password, and of others credentials, api_token, keytab.
var secretWords = []string{"bindpass", "password", "passwd", "passphrase", "secret", "private", "credential", "keytab", "tls_key", "secret_key", "api_key", "api_token", "access_token", "client_token", "reviewer_jwt"}

// plainNames hold such a word and no secret.
var plainNames = map[string]bool{
	"bind_secret_id": true, "secret_id_bound_cidrs": true, "secret_id_num_uses": true, "secret_id_ttl": true, "local_secret_ids": true,
	"password_policy": true, "token_reviewer_jwt_set": true,
}

// claimFields have claims of a token as their names: what a login has to show,
// which is asked of everybody.
var claimFields = map[string]bool{"bound_claims": true, "claim_mappings": true}

// secretForms are values that are secrets whatever their field is called.
var secretForms = regexp.MustCompile(`PRIVATE KEY-----|"private_key"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ|\b(hvs|hvb|hvr)\.[A-Za-z0-9_-]{8}`)

// WithoutSecrets is data with plain numbers, and Kept where a secret was. Of
// nil it is nil.
func WithoutSecrets(data map[string]any) map[string]any {
	if data == nil {
		return nil
	}
	clean := make(map[string]any, len(data))
	for name, value := range data {
		claims, are := value.(map[string]any)
		switch {
		case are && claimFields[name]:
			clean[name] = plainAll(claims)
		case holdsSecret(name, value):
			clean[name] = Kept
		default:
			clean[name] = plain(value)
		}
	}
	return clean
}

// holdsSecret: a name alone does not make one of a number, a switch or nothing.
func holdsSecret(name string, value any) bool {
	switch value := value.(type) {
	case string:
		return value != "" && secretName(name)
	case []any, map[string]any:
		return secretName(name)
	}
	return false
}

func secretName(name string) bool {
	name = strings.ToLower(name)
	if plainNames[name] {
		return false
	}
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return name == "token" || name == "jwt" || name == "key" || strings.HasSuffix(name, "_service_account")
}

// plain has numbers as JSON's parsers of Kubernetes have them: whole ones as
// int64, others as float64.
func plain(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return whole
		}
		broken, _ := value.Float64()
		return broken
	case string:
		if secretForms.MatchString(value) || hasPassword(value) {
			return Kept
		}
	case map[string]any:
		return WithoutSecrets(value)
	case []any:
		list := make([]any, len(value))
		for i := range value {
			list[i] = plain(value[i])
		}
		return list
	}
	return value
}

// plainAll is plain of each field, whatever its name.
func plainAll(fields map[string]any) map[string]any {
	clean := make(map[string]any, len(fields))
	for name, value := range fields {
		clean[name] = plain(value)
	}
	return clean
}

// hasPassword: an address with a password in it.
func hasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return false
	}
	_, has := u.User.Password()
	return has
}
