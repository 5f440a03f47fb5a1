package vaultauth

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// jwtSpec is a role of the method jwt or oidc (vault-plugin-auth-jwt).
type jwtSpec struct {
	flow      wanted
	subject   wanted
	audiences audiences
	claims    map[string]wanted
	leeways   leeways
	issuer    wanted
	signs     []signing
}

var jwt = method{
	known: []string{
		"claim_mappings", "user_claim", "user_claim_json_pointer", "groups_claim", "allowed_redirect_uris", "oidc_scopes",
		"verbose_oidc_logging", "max_age", "bound_audiences", "bound_claims", "bound_claims_type",
	},
	config: []string{
		"oidc_discovery_ca_pem", "oidc_client_id", "oidc_response_mode", "oidc_response_types", "default_role", "jwks_ca_pem",
		"provider_config", "namespace_in_state", "unsupported_critical_cert_extensions", "jwks_pairs",
	},
	read: func(role, config *fields, t tune, s *spec) {
		flow := role.text("role_type")
		if flow == "" {
			flow = "jwt" // as Vault takes what it stored of old
		}
		s.jwt = jwtSpec{flow: wanted{literals([]string{flow})}}
		s.jwt.bind(role, flow)
		s.jwt.trust(config)
		s.token = readToken(role, t)
		s.from, s.token.from = s.token.from, nil
	},
	gates: jwtGates,
}

// bind reads what the role wants of a token.
func (j *jwtSpec) bind(role *fields, flow string) {
	j.leeways = leewaysOf(role)
	j.audiences.flow = flow
	if flow == "jwt" {
		j.audiences.list = role.list("bound_audiences")
	}
	if subject := role.text("bound_subject"); subject != "" {
		j.subject = wanted{literals([]string{subject})}
	}
	bound := role.table("bound_claims")
	claims, known := claimsOf(bound, role.text("bound_claims_type") == "glob")
	if !known { // they stay opaque
		delete(role.asked, "bound_claims")
		delete(role.asked, "bound_claims_type")
		return
	}
	j.claims = claims
	if sub, has := claims["sub"]; has {
		j.subject = append(j.subject, sub...)
		delete(claims, "sub")
	}
}

// trust is whose tokens the mount takes.
func (j *jwtSpec) trust(config *fields) {
	if issuer := config.text("bound_issuer"); issuer != "" {
		j.issuer = wanted{literals([]string{issuer})}
	}
	taken := config.list("jwt_supported_algs")
	if len(taken) == 0 {
		taken = algorithms
	}
	for _, key := range config.list("jwt_validation_pubkeys") {
		j.sign(keyNames([]string{key})[0], taken, algorithmsOf(key))
	}
	for _, name := range []string{"jwks_url", "oidc_discovery_url"} {
		if url := config.text(name); url != "" {
			j.sign("a key of "+url, taken, algorithms)
		}
	}
	if pairs := plain(config.values["jwks_pairs"]); pairs != "" {
		j.sign("a key of jwks_pairs "+keyNames([]string{pairs})[0], taken, algorithms)
	}
}

func (j *jwtSpec) sign(key string, taken, can []string) {
	for _, algorithm := range taken {
		if slices.Contains(can, algorithm) {
			j.signs = append(j.signs, signing{key, algorithm})
		}
	}
}

func jwtGates(says [2]spec) []gate {
	a, b := says[0].jwt, says[1].jwt
	gates := []gate{
		gateOf("flow", false, [2]wanted{a.flow, b.flow}, wordRule(1, func(l *Login, text string) { l.JWT.Flow = text })),
		gateOf("subject", false, [2]wanted{a.subject, b.subject}, wordRule(1, func(l *Login, text string) { l.JWT.Subject = text })),
		gateOf("leeway", false, [2]leeways{a.leeways, b.leeways}, leewayRule),
		gateOf("audience", false, [2]audiences{a.audiences, b.audiences}, audiencesRule),
		addressGate(says),
		gateOf("issuer", true, [2]wanted{a.issuer, b.issuer}, wordRule(1, func(l *Login, text string) { l.JWT.Issuer = text })),
		gateOf("key", true, [2][]signing{a.signs, b.signs}, signingRule),
	}
	return append(gates, claimGates(a.claims, b.claims)...)
}

// audiences of a role. Those of an OIDC login are checked against the client's
// id too, and are not judged.
type audiences struct {
	flow string
	list []string // none: only a token without any is taken
}

// audiencesRule: one of the token's audiences has to be one of the role's.
// Logins of different flows are told apart by these.
var audiencesRule = rule[audiences, []string]{
	beyond: func(a, b audiences) ([]string, reach) {
		switch {
		case a.flow != "jwt" || b.flow != "jwt" || len(a.list)+len(b.list) == 0:
			return nil, none
		case len(a.list) == 0:
			return nil, found
		}
		one, reached := keyRule.beyond(a.list, b.list)
		return []string{one}, reached
	},
	within: func(a, b audiences) ([]string, reach) {
		for _, one := range a.list {
			if slices.Contains(b.list, one) {
				return []string{one}, found
			}
		}
		return a.list[:min(1, len(a.list))], found
	},
	set: func(l *Login, value []string) { l.JWT.Audiences = value },
}

// registered claims are judged elsewhere, or not at all.
var registered = []string{"aud", "iss", "exp", "nbf", "iat", "jti"}

// claimsOf a role by name. It is false where what is said cannot be judged: a
// claim that is checked elsewhere too, one within another, values that are
// neither texts, numbers nor truths.
func claimsOf(bound map[string]any, glob bool) (map[string]wanted, bool) {
	claims := map[string]wanted{}
	for name, value := range bound {
		path := strings.TrimPrefix(name, "/")
		patterns, known := claimPatterns(value, glob)
		if !known || slices.Contains(registered, path) || strings.ContainsAny(path, "~") || name == "/sub" {
			return nil, false
		}
		for other := range bound {
			if other != name && strings.HasPrefix(strings.TrimPrefix(other, "/")+"/", path+"/") {
				return nil, false
			}
		}
		claims[name] = wanted{patterns}
	}
	return claims, true
}

func claimPatterns(value any, glob bool) ([]pattern, bool) {
	list, many := value.([]any)
	if texts, is := value.([]string); is {
		return literalOrGlob(texts, glob), true
	}
	if !many {
		list = []any{value}
	}
	patterns := []pattern{}
	for _, one := range list {
		text, known := encoded(one)
		if !known {
			return nil, false
		}
		patterns = append(patterns, pattern{text, glob})
	}
	return patterns, true
}

func literalOrGlob(list []string, glob bool) []pattern {
	if glob {
		return globs(list)
	}
	return literals(list)
}

// encoded is a claim's value as text, what is no string marked.
func encoded(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, !strings.HasPrefix(value, typed)
	case bool:
		return typed + strconv.FormatBool(value), true
	case json.Number:
		return typed + value.String(), true
	case int, int64, float64:
		n, err := number(value)
		return typed + strconv.FormatInt(n, 10), err == nil
	}
	return "", false
}

// decoded is the value again.
func decoded(text string) any {
	plain, is := strings.CutPrefix(text, typed)
	switch {
	case !is:
		return text
	case plain == "true" || plain == "false":
		return plain == "true"
	}
	return json.Number(plain)
}

func claimGates(a, b map[string]wanted) []gate {
	var names []string
	for _, claims := range []map[string]wanted{a, b} {
		for name := range claims {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var gates []gate
	for _, name := range slices.Compact(names) {
		gates = append(gates, gateOf("claim "+name, false, [2]wanted{a[name], b[name]}, wordRule(0, func(l *Login, text string) {
			if l.JWT.Claims == nil {
				l.JWT.Claims = map[string]any{}
			}
			l.JWT.Claims[name] = decoded(text)
		})))
	}
	return gates
}

// leeways are how long, at most, a token is taken after its end, before its
// beginning, and where it has no end or no beginning (cap/jwt). They are
// compared one by one, since each bounds another kind of token.
type leeways struct{ skew, endless, unbegun time.Duration }

func leewaysOf(role *fields) leeways {
	skew := leeway(role, "clock_skew_leeway", time.Minute)
	return leeways{skew, skew + leeway(role, "expiration_leeway", 150*time.Second), skew + leeway(role, "not_before_leeway", 150*time.Second)}
}

// leeway of a role: 0 is what the library has, and a negative one none.
func leeway(role *fields, name string, usual time.Duration) time.Duration {
	switch d := role.seconds(name, true); {
	case d < 0:
		return 0
	case d > 0:
		return d
	}
	return usual
}

var leewayRule = rule[leeways, Times]{
	beyond: func(a, b leeways) (Times, reach) {
		switch {
		case a.skew > b.skew:
			ended := -a.skew + half(a.skew-b.skew)
			return Times{Issued: at(ended - time.Hour), NotBefore: at(ended - time.Hour), Expires: at(ended)}, found
		case a.endless > b.endless:
			return Times{Issued: at(-a.endless + half(a.endless-b.endless))}, found
		case a.unbegun > b.unbegun:
			return Times{Expires: at(a.unbegun - half(a.unbegun-b.unbegun))}, found
		}
		return Times{}, none
	},
	within: func(_, _ leeways) (Times, reach) {
		return Times{Issued: at(0), NotBefore: at(0), Expires: at(5 * time.Minute)}, found
	},
	set: func(l *Login, value Times) { l.JWT.Times = value },
}

// half of a time, in whole seconds.
func half(d time.Duration) time.Duration { return (d / 2).Truncate(time.Second) }

func at(d time.Duration) *int64 {
	seconds := int64(d / time.Second)
	return &seconds
}
