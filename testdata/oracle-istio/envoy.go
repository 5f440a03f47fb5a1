package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	corepb "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	rbacpb "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	routepb "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	jwtpb "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
	matcherpb "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
)

// connection is a request as Envoy's filters see it.
type connection struct {
	request
	headers  map[string]string
	verified *token // what the filter for tokens left behind
}

// allow asks the filters in their order.
func (f filters) allow(r request) (allowed, second bool, err error) {
	c := connection{request: r, headers: map[string]string{}}
	chain := f.tcp
	if !r.TCP {
		chain = f.http
		for name, value := range r.Headers {
			c.headers[strings.ToLower(name)] = value
		}
		c.headers[":authority"], c.headers[":method"], c.headers[":path"] = r.Host, r.Method, r.Path
		if f.jwt != nil {
			if !c.authenticated(f.jwt) {
				return false, false, nil
			}
		}
	}
	allowed = true
	for _, rules := range chain {
		one := rules == nil || rules.Action == rbacpb.RBAC_LOG || c.matches(rules) == (rules.Action == rbacpb.RBAC_ALLOW)
		allowed = allowed && one
	}
	second, err = c.secondOpinion(chain, allowed)
	return allowed, second, err
}

// authenticated says whether the filter for tokens lets the request go on.
func (c *connection) authenticated(f *jwtpb.JwtAuthentication) bool {
	for _, rule := range f.Rules { // of Istio's only one, for all paths
		if !c.requires(f, rule.GetRequires()) {
			return false
		}
	}
	return true
}

func (c *connection) requires(f *jwtpb.JwtAuthentication, r *jwtpb.JwtRequirement) bool {
	one := func(inner *jwtpb.JwtRequirement) bool { return c.requires(f, inner) }
	switch r.RequiresType.(type) {
	case *jwtpb.JwtRequirement_ProviderName:
		p := f.Providers[r.GetProviderName()]
		meant := func(audience string) bool { return slices.Contains(p.Audiences, audience) }
		if c.Token == nil || c.Token.Issuer != p.Issuer || len(p.Audiences) > 0 && !slices.ContainsFunc(c.Token.Audience, meant) {
			return false
		}
		c.verified = c.Token
		return true
	case *jwtpb.JwtRequirement_AllowMissing:
		return c.Token == nil
	case *jwtpb.JwtRequirement_RequiresAny:
		return slices.ContainsFunc(r.GetRequiresAny().Requirements, one)
	case *jwtpb.JwtRequirement_RequiresAll:
		return !slices.ContainsFunc(r.GetRequiresAll().Requirements, func(inner *jwtpb.JwtRequirement) bool { return !one(inner) })
	}
	panic(fmt.Sprintf("a requirement of type %T", r.RequiresType))
}

// matches says whether one of the policies of a filter matches.
func (c connection) matches(rules *rbacpb.RBAC) bool {
	for _, policy := range rules.Policies {
		if slices.ContainsFunc(policy.Permissions, c.permission) && slices.ContainsFunc(policy.Principals, c.principal) {
			return true
		}
	}
	return false
}

func (c connection) permission(p *rbacpb.Permission) bool {
	switch p.Rule.(type) {
	case *rbacpb.Permission_Any:
		return p.GetAny()
	case *rbacpb.Permission_AndRules:
		return !slices.ContainsFunc(p.GetAndRules().Rules, func(inner *rbacpb.Permission) bool { return !c.permission(inner) })
	case *rbacpb.Permission_OrRules:
		return slices.ContainsFunc(p.GetOrRules().Rules, c.permission)
	case *rbacpb.Permission_NotRule:
		return !c.permission(p.GetNotRule())
	case *rbacpb.Permission_DestinationPort:
		return strconv.FormatUint(uint64(p.GetDestinationPort()), 10) == c.Port
	case *rbacpb.Permission_Header:
		return c.header(p.GetHeader())
	case *rbacpb.Permission_UrlPath:
		path, _, _ := strings.Cut(c.Path, "?")
		return text(p.GetUrlPath().GetPath(), path)
	}
	panic(fmt.Sprintf("a permission of type %T", p.Rule))
}

func (c connection) principal(p *rbacpb.Principal) bool {
	switch p.Identifier.(type) {
	case *rbacpb.Principal_Any:
		return p.GetAny()
	case *rbacpb.Principal_AndIds:
		return !slices.ContainsFunc(p.GetAndIds().Ids, func(inner *rbacpb.Principal) bool { return !c.principal(inner) })
	case *rbacpb.Principal_OrIds:
		return slices.ContainsFunc(p.GetOrIds().Ids, c.principal)
	case *rbacpb.Principal_NotId:
		return !c.principal(p.GetNotId())
	case *rbacpb.Principal_Authenticated_:
		return c.Principal != "" && text(p.GetAuthenticated().PrincipalName, "spiffe://"+c.Principal)
	case *rbacpb.Principal_DirectRemoteIp:
		return within(p.GetDirectRemoteIp(), c.IP)
	case *rbacpb.Principal_RemoteIp:
		return within(p.GetRemoteIp(), c.Remote)
	case *rbacpb.Principal_Header:
		return c.header(p.GetHeader())
	case *rbacpb.Principal_Metadata:
		return c.metadata(p.GetMetadata())
	}
	panic(fmt.Sprintf("a principal of type %T", p.Identifier))
}

func (c connection) header(m *routepb.HeaderMatcher) bool {
	value, has := c.headers[strings.ToLower(m.Name)]
	switch m.HeaderMatchSpecifier.(type) {
	case *routepb.HeaderMatcher_PresentMatch:
		return has == m.GetPresentMatch()
	case *routepb.HeaderMatcher_StringMatch:
		return has && text(m.GetStringMatch(), value)
	}
	panic(fmt.Sprintf("a header matcher of type %T", m.HeaderMatchSpecifier))
}

// metadata looks into the verified token: a claim of one value is a text, one
// of several a list.
func (c connection) metadata(m *matcherpb.MetadataMatcher) bool {
	if m.Filter != "envoy.filters.http.jwt_authn" || len(m.Path) != 2 || m.Path[0].GetKey() != "payload" {
		panic(fmt.Sprintf("metadata %v", m))
	}
	if c.verified == nil {
		return false
	}
	t := c.verified
	claims := map[string][]string{"iss": {t.Issuer}, "sub": {t.Subject}, "aud": t.Audience, "azp": t.Presenter}
	for name, values := range t.Claims {
		claims[name] = values
	}
	return value(m.Value, claims[m.Path[1].GetKey()])
}

func value(m *matcherpb.ValueMatcher, values []string) bool {
	switch m.MatchPattern.(type) {
	case *matcherpb.ValueMatcher_StringMatch:
		return len(values) == 1 && text(m.GetStringMatch(), values[0])
	case *matcherpb.ValueMatcher_OrMatch:
		return slices.ContainsFunc(m.GetOrMatch().ValueMatchers, func(inner *matcherpb.ValueMatcher) bool { return value(inner, values) })
	case *matcherpb.ValueMatcher_ListMatch:
		return len(values) > 1 && slices.ContainsFunc(values, func(one string) bool { return value(m.GetListMatch().GetOneOf(), []string{one}) })
	}
	panic(fmt.Sprintf("a value matcher of type %T", m.MatchPattern))
}

func within(block *corepb.CidrRange, ip string) bool {
	address, err := netip.ParseAddr(ip)
	start, err2 := netip.ParseAddr(block.AddressPrefix)
	if err != nil || err2 != nil {
		return false
	}
	return netip.PrefixFrom(start, int(block.PrefixLen.GetValue())).Masked().Contains(address)
}

var compiled sync.Map

func text(m *matcherpb.StringMatcher, value string) bool {
	fold := func(s string) string {
		if m.IgnoreCase {
			return strings.ToLower(s)
		}
		return s
	}
	switch m.MatchPattern.(type) {
	case *matcherpb.StringMatcher_Exact:
		return fold(value) == fold(m.GetExact())
	case *matcherpb.StringMatcher_Prefix:
		return strings.HasPrefix(fold(value), fold(m.GetPrefix()))
	case *matcherpb.StringMatcher_Suffix:
		return strings.HasSuffix(fold(value), fold(m.GetSuffix()))
	case *matcherpb.StringMatcher_SafeRegex:
		pattern := m.GetSafeRegex().Regex
		known, ok := compiled.Load(pattern)
		if !ok {
			known = regexp.MustCompile("^(?:" + pattern + ")$") // the whole text, as Envoy has it
			compiled.Store(pattern, known)
		}
		return known.(*regexp.Regexp).MatchString(value)
	}
	panic(fmt.Sprintf("a string matcher of type %T", m.MatchPattern))
}
