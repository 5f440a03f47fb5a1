package vaultauth

import "slices"

// certSpec is a role of the method cert: what the names in a client
// certificate have to match.
type certSpec struct {
	wanted map[string]wanted // by the part of the certificate
	any    bool              // allowed_names: one of several parts has to match
}

// certParts are the lists of names by the part of the certificate that they
// look at.
var certParts = []struct{ part, field string }{
	{"commonName", "allowed_common_names"}, {"dns", "allowed_dns_sans"}, {"email", "allowed_email_sans"},
	{"uri", "allowed_uri_sans"}, {"unit", "allowed_organizational_units"}, {"organization", "allowed_organizations"},
}

var cert = method{
	known: []string{
		"certificate", "display_name", "required_extensions", "allowed_metadata_extensions", "ocsp_ca_certificates", "ocsp_enabled",
		"ocsp_servers_override", "ocsp_fail_open", "ocsp_query_all_servers", "ocsp_this_update_max_age", "ocsp_max_retries", "name",
	},
	config: []string{
		"disable_binding", "enable_identity_alias_metadata", "ocsp_cache_size", "role_cache_size", "enable_metadata_on_failures",
	},
	read: func(role, _ *fields, t tune, s *spec) {
		s.cert = certSpec{wanted: map[string]wanted{}}
		for _, one := range certParts {
			if list := role.list(one.field); len(list) > 0 {
				s.cert.wanted[one.part] = wanted{globs(list)}
			}
		}
		s.cert.names(role)
		s.token = readToken(role, t)
		s.from, s.token.from = s.token.from, nil
	},
	gates: func(says [2]spec) []gate {
		gates := []gate{addressGate(says)}
		if says[0].there && says[1].there && says[0].cert.any != says[1].cert.any {
			gates = append(gates, unlikeNames(says))
		}
		for _, one := range certParts {
			both := [2]wanted{says[0].cert.wanted[one.part], says[1].cert.wanted[one.part]}
			if both[0] == nil && both[1] == nil {
				continue
			}
			gates = append(gates, gateOf(one.part, false, both, wordRule(1, func(l *Login, text string) {
				if l.Certificate == nil {
					l.Certificate = map[string]string{}
				}
				l.Certificate[one.part] = text
			})))
		}
		return gates
	},
}

// names: allowed_names looks at the common name, DNS names and e-mail
// addresses at once. Alone it is asked about common names; beside a list of one
// of those it is not judged.
func (c *certSpec) names(role *fields) {
	named := slices.ContainsFunc([]string{"commonName", "dns", "email"}, func(part string) bool { return c.wanted[part] != nil })
	if list, err := texts(role.values["allowed_names"]); named && (err != nil || len(list) > 0) {
		return // not asked for: it stays opaque
	}
	if list := role.list("allowed_names"); len(list) > 0 {
		c.wanted["commonName"] = wanted{globs(list)}
		c.any = true
	}
}

// unlikeNames: where the one side has allowed_names and the other lists of
// single parts, it is not told which certificates the one takes beyond the
// other.
func unlikeNames(says [2]spec) gate {
	for _, one := range says {
		if !one.cert.any && len(one.cert.wanted) == 0 {
			return gate{name: "names", beyond: func(int, *Login) reach { return none }, within: func(int, *Login) reach { return found }}
		}
	}
	return gate{name: "names", beyond: func(int, *Login) reach { return toomany }, within: func(int, *Login) reach { return found }}
}
