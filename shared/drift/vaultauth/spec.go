package vaultauth

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

type (
	blocks  = []netip.Prefix
	address = netip.Addr
)

// spec is one side's role with its mount, as far as it is understood.
type spec struct {
	there bool // the role, with a mount of the type that is compared
	from  []netip.Prefix
	kube  kubeSpec
	jwt   jwtSpec
	app   appSpec
	cert  certSpec
	make  makeSpec
	token token
	// fields of the role that are not judged, as text; hidden are those that a
	// secret was left out of
	opaque map[string]string
	hidden []string
}

// method is one type of auth method.
type method struct {
	// known fields of a role that are not judged; others are unknown.
	known []string
	// config are known fields of the mount's configuration that are not judged.
	config []string
	// read the role and the configuration into the spec.
	read func(role, config *fields, t tune, s *spec)
	// gates that a login has to pass.
	gates func(says [2]spec) []gate
	// entries: a name that the method does not know may log in all the same,
	// and gets what the configuration gives.
	entries bool
}

// methodOf a type; false where the type is not known, and nothing is judged.
func methodOf(kind string) (method, bool) {
	switch kind {
	case "kubernetes":
		return kubernetes, true
	case "approle":
		return approle, true
	case "jwt":
		return jwt, true
	case "token":
		return tokenRoles, true
	case "userpass":
		return userpass, true
	case "cert":
		return cert, true
	case "ldap":
		return ldap, true
	}
	nothing := method{read: func(_, _ *fields, _ tune, _ *spec) {}, gates: func([2]spec) []gate { return nil }}
	if slices.Contains(clouds, kind) {
		nothing.read = func(role, _ *fields, t tune, s *spec) { s.token = readToken(role, t) }
		return nothing, true
	}
	return nothing, false
}

// clouds are methods whose roles say what the token is as others do, and who
// may log in in ways of their own.
var clouds = []string{"aws", "azure", "gcp", "alicloud", "oci", "cf"}

// sameType: one plugin has two names, and token roles in a namespace another
// one.
func sameType(kind string) string {
	switch kind {
	case "oidc":
		return "jwt"
	case "ns_token":
		return "token"
	}
	return kind
}

var userpass = method{
	read: func(role, _ *fields, t tune, s *spec) {
		s.token = readToken(role, t)
		s.from, s.token.from = s.token.from, nil
	},
	gates: func(says [2]spec) []gate { return []gate{addressGate(says)} },
}

// ldap gives what the configuration says, and the policies of users and groups
// beside it. "" stands for whoever the directory knows.
var ldap = method{
	entries: true,
	known:   []string{"groups"},
	config: []string{
		"url", "userdn", "groupdn", "groupfilter", "groupattr", "userfilter", "upndomain", "userattr", "certificate", "insecure_tls", "starttls",
		"binddn", "deny_null_bind", "discoverdn", "tls_min_version", "tls_max_version", "use_token_groups", "anonymous_group_search",
		"request_timeout", "connection_timeout", "username_as_alias", "dereference_aliases", "max_page_size", "enable_samaccountname_login",
		"case_sensitive_names", "use_pre111_group_cn_behavior", "password_policy", "rotation_period", "rotation_schedule", "rotation_window",
		"disable_automated_rotation",
	},
	read: func(role, config *fields, t tune, s *spec) {
		s.token = readToken(config, t)
		s.from, s.token.from = s.token.from, nil
		own := sanitized(role.list("policies"))
		s.token.grant(slices.Concat(s.token.policies, own), false)
		s.token.ownLife, s.token.ownPolicies = "", strings.Join(own, ",")
	},
	gates: func(says [2]spec) []gate {
		one := addressGate(says)
		one.mount = true
		return []gate{one}
	},
}

// readSpec of a role. A nil role of a method with entries gives what the
// configuration gives; of others it is not there.
func readSpec(m *Mount, r *Role) (spec, error) {
	if m == nil {
		return spec{}, nil
	}
	how, _ := methodOf(m.Type)
	if r == nil && !how.entries {
		return spec{}, nil
	}
	role, config, tuned := newFields(nil), newFields(m.Config), newFields(m.Tune)
	if r != nil {
		role = newFields(r.Fields)
	}
	s := spec{there: true}
	how.read(role, config, readTune(tuned), &s)
	s.opaque, s.hidden = role.rest(), role.hiddenRest()
	for _, f := range []*fields{role, config, tuned} {
		if f.err != nil {
			return spec{}, f.err
		}
	}
	return s, nil
}

// unlike are the names under which two tables differ.
func unlike(a, b map[string]string) []string {
	both := maps.Clone(a)
	if both == nil {
		both = map[string]string{}
	}
	maps.Copy(both, b)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(both)) {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	return names
}
