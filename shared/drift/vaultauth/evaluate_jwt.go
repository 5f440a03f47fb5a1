package vaultauth

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	klabels "k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// refusesAccount follows vault-plugin-auth-kubernetes/path_login.go.
func (p *point) refusesAccount() string {
	j := p.login.JWT
	if issuer := p.config.text("issuer"); issuer != "" && !p.config.truthOr("disable_iss_validation", true) && j.Issuer != "" && j.Issuer != issuer {
		return "does not take tokens of that issuer"
	}
	if keys := p.config.list("pem_keys"); len(keys) > 0 && j.Key != "" && !slices.Contains(keyNames(keys), j.Key) {
		return "does not take tokens signed by " + j.Key
	}
	if audience := p.role.text("audience"); audience != "" && !slices.Contains(j.Audiences, audience) {
		return "wants the audience " + audience
	}
	if !anyGlob(p.role.list("bound_service_account_names"), p.login.Account.Name) {
		return "does not let that service account in"
	}
	if anyGlob(p.role.list("bound_service_account_namespaces"), p.login.Account.Namespace) || p.selected() {
		return ""
	}
	return "does not let service accounts of that namespace in"
}

// selected by the labels of the namespace, as Kubernetes' own code says.
func (p *point) selected() bool {
	text := p.role.text("bound_service_account_namespace_selector")
	if text == "" {
		return false
	}
	var wants metav1.LabelSelector
	if err := yaml.Unmarshal([]byte(text), &wants); err != nil {
		return false
	}
	have := klabels.Set{"kubernetes.io/metadata.name": p.login.Account.Namespace}
	for name, value := range p.login.Account.Labels {
		have[name] = value
	}
	selector, err := metav1.LabelSelectorAsSelector(&wants)
	return err == nil && selector.Matches(have)
}

// refusesJWT follows vault-plugin-auth-jwt/path_login.go.
func (p *point) refusesJWT() string {
	j, flow := p.login.JWT, p.role.text("role_type")
	if flow == "" {
		flow = "jwt"
	}
	if j.Flow != flow {
		return "wants a login by " + flow
	}
	if why := p.distrusts(j); why != "" {
		return why
	}
	if subject := p.role.text("bound_subject"); subject != "" && j.Subject != subject {
		return "does not let that subject in"
	}
	if why := p.otherAudience(j, flow); why != "" {
		return why
	}
	if !p.inTime(j.Times) {
		return "does not take a token of that time"
	}
	for name, wants := range p.role.table("bound_claims") {
		if !p.claimMatches(name, wants, j) {
			return "does not take that value of the claim " + name
		}
	}
	return ""
}

func (p *point) distrusts(j JWT) string {
	if issuer := p.config.text("bound_issuer"); issuer != "" && j.Issuer != "" && j.Issuer != issuer {
		return "does not take tokens of that issuer"
	}
	keys, known := p.config.list("jwt_validation_pubkeys"), false
	for _, key := range keys {
		known = known || keyNames([]string{key})[0] == j.Key && !cannotSign(key, j.Algorithm)
	}
	for _, name := range []string{"jwks_url", "oidc_discovery_url"} {
		if url := p.config.text(name); url != "" {
			keys, known = append(keys, url), known || j.Key == "a key of "+url
		}
	}
	if pairs := plain(p.config.get("jwks_pairs")); pairs != "" {
		keys, known = append(keys, pairs), known || strings.HasPrefix(j.Key, "a key of jwks_pairs ") && strings.HasSuffix(j.Key, keyNames([]string{pairs})[0])
	}
	if j.Key != "" && !known || len(keys) == 0 && len(p.config.values) > 0 {
		return "does not take tokens signed by " + j.Key
	}
	algorithms := p.config.list("jwt_supported_algs")
	if len(algorithms) > 0 && j.Algorithm != "" && !slices.Contains(algorithms, j.Algorithm) {
		return "does not take tokens signed with " + j.Algorithm
	}
	return ""
}

func (p *point) otherAudience(j JWT, flow string) string {
	bound := p.role.list("bound_audiences")
	switch {
	case flow != "jwt":
	case len(bound) == 0 && len(j.Audiences) > 0:
		return "takes no token that has an audience"
	case len(bound) > 0 && !slices.ContainsFunc(bound, func(one string) bool { return slices.Contains(j.Audiences, one) }):
		return "wants one of the audiences " + list(bound)
	}
	return ""
}

// claimMatches where one value of the claim is one that is bound; what is not
// told of (values of other kinds) is presumed.
func (p *point) claimMatches(name string, wants any, j JWT) bool {
	have, told := j.Claims[name]
	if name == "sub" {
		have, told = j.Subject, j.Subject != ""
	}
	if !told {
		return true
	}
	list, many := wants.([]any)
	if texts, is := wants.([]string); is {
		many = true
		for _, one := range texts {
			list = append(list, one)
		}
	}
	if !many {
		list = []any{wants}
	}
	glob := p.role.text("bound_claims_type") == "glob"
	return slices.ContainsFunc(list, func(want any) bool {
		pattern, text := want.(string)
		value, also := have.(string)
		if glob {
			return text && also && globMatches(pattern, value)
		}
		return normal(want) == normal(have)
	})
}

// normal are numbers as Vault compares them: as their text.
func normal(value any) any {
	switch v := value.(type) {
	case float64:
		return json.Number(strconv.FormatFloat(v, 'f', -1, 64))
	case int:
		return json.Number(strconv.Itoa(v))
	case int64:
		return json.Number(strconv.FormatInt(v, 10))
	}
	return value
}

// inTime follows cap/jwt: what a token does not say of its time is set from
// what it does say, and then all is checked with the clock's skew.
func (p *point) inTime(t Times) bool {
	const unset = math.MinInt64
	issued, begins, ends := int64(unset), int64(unset), int64(unset)
	for value, given := range map[*int64]*int64{&issued: t.Issued, &begins: t.NotBefore, &ends: t.Expires} {
		if given != nil {
			*value = *given
		}
	}
	if issued == unset && begins == unset && ends == unset {
		return false
	}
	if ends == unset {
		ends = max(issued, begins) + p.leeway("expiration_leeway", 150)
	}
	if begins == unset {
		begins = issued
		if issued == unset {
			begins = ends - p.leeway("not_before_leeway", 150)
		}
	}
	skew := p.leeway("clock_skew_leeway", 60)
	return skew >= begins && -skew <= ends && (issued == unset || skew >= issued)
}

func (p *point) leeway(name string, usual int64) int64 {
	seconds := int64(p.role.seconds(name, true) / time.Second)
	switch {
	case seconds < 0:
		return 0
	case seconds == 0:
		return usual
	}
	return seconds
}

// anyGlob of the patterns matches.
func anyGlob(patterns []string, text string) bool {
	return slices.ContainsFunc(patterns, func(one string) bool { return globMatches(one, text) })
}

// globMatches: each * of the pattern is any text. What stands between two of
// them is taken where it comes first.
func globMatches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, has := strings.Cut(text, part)
		if !has {
			return false
		}
		text = after
	}
	return true
}
