package vaultauth

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
)

// Evaluate says whether a side lets a login in, and then allows what is asked
// of its token. It reads the role as Vault does and decides one case; of the
// comparison it shares only how fields are read. A field that cannot be read,
// or a policy, is an error.
func Evaluate(side Side, l Login, q Ask) (Answer, error) {
	p := point{side: side, login: l, ask: q}
	if why := p.find(); why != "" {
		return Answer{Why: why}, nil
	}
	why := p.refuses()
	if why == "" {
		why = p.issues()
	}
	if why == "" {
		var err error
		if why, err = p.denies(); err != nil {
			return Answer{}, err
		}
	}
	for _, f := range []*fields{p.role, p.config, p.tune} {
		if f.err != nil {
			return Answer{}, f.err
		}
	}
	if why != "" {
		return Answer{Why: why}, nil
	}
	return Answer{true, p.allowed()}, nil
}

// point is one case.
type point struct {
	side               Side
	login              Login
	ask                Ask
	role, config, tune *fields
	policies           []string
}

func (p *point) allowed() string {
	switch {
	case p.ask.Request != nil:
		return "lets it in and allows it, by the policies " + list(p.policies)
	case p.ask != Ask{}:
		return "lets it in, and it is so"
	}
	return "lets it in"
}

// find the mount and the role; it says what is not there.
func (p *point) find() string {
	i := slices.IndexFunc(p.side.Mounts, func(m Mount) bool { return m.Path == p.login.Mount && sameType(m.Type) == p.login.Type })
	if i < 0 {
		return "has no mount " + p.login.Mount + " of type " + p.login.Type
	}
	p.config, p.tune, p.role = newFields(p.side.Mounts[i].Config), newFields(p.side.Mounts[i].Tune), newFields(nil)
	for _, r := range p.side.Roles {
		if r.Mount == p.login.Mount && sameName(p.login.Type, r.Name, p.login.Role) {
			p.role = newFields(r.Fields)
			return ""
		}
	}
	if p.login.Type == "ldap" {
		return ""
	}
	return "has no role " + p.login.Role
}

// refuses says why the method lets nobody in with this.
func (p *point) refuses() string {
	if p.login.Type == "token" {
		return p.refusesCreation()
	}
	bound := p.boundTo()
	if p.login.Type == "approle" {
		bound = p.role.list("secret_id_bound_cidrs")
		if len(bound) == 0 {
			bound = p.role.list("bound_cidr_list")
		}
	}
	if !slices.Contains(clouds, p.login.Type) && !contains(bound, p.login.Address) {
		return "does not let it in from " + p.login.Address.String()
	}
	switch p.login.Type {
	case "kubernetes":
		return p.refusesAccount()
	case "jwt":
		return p.refusesJWT()
	case "approle":
		return p.refusesSecretID()
	case "cert":
		return p.refusesCertificate()
	}
	return ""
}

// tokenFields are those that say what the token is: of a directory they stand
// in the configuration.
func (p *point) tokenFields() *fields {
	if p.login.Type == "ldap" {
		return p.config
	}
	return p.role
}

func (p *point) boundTo() []string {
	f := p.tokenFields()
	if bound := f.list("token_bound_cidrs"); len(bound) > 0 {
		return bound
	}
	return f.list("bound_cidrs")
}

// contains: no block is every address.
func contains(blocks []string, address netip.Addr) bool {
	for _, text := range blocks {
		if block, err := netip.ParsePrefix(text); err == nil && block.Contains(address) {
			return true
		}
		if one, err := netip.ParseAddr(text); err == nil && one == address {
			return true
		}
	}
	return len(blocks) == 0
}

func (p *point) refusesSecretID() string {
	if !p.role.truthOr("bind_secret_id", true) {
		return ""
	}
	most, life := p.role.whole("secret_id_num_uses"), p.role.seconds("secret_id_ttl", false)
	if mount := p.maximum(); life > mount {
		life = mount
	}
	switch id := p.login.SecretID; {
	case !id.Given:
		return "wants a secret_id"
	case most > 0 && id.Use > most:
		return "takes a secret_id no more often than " + plain(most) + " times"
	case life > 0 && id.Age >= life:
		return "takes a secret_id no longer than " + life.String()
	}
	return ""
}

func (p *point) refusesCertificate() string {
	for _, part := range []string{"commonName", "dns", "email", "uri", "unit", "organization"} {
		field := map[string]string{
			"commonName": "allowed_common_names", "dns": "allowed_dns_sans", "email": "allowed_email_sans",
			"uri": "allowed_uri_sans", "unit": "allowed_organizational_units", "organization": "allowed_organizations",
		}[part]
		if allowed := p.role.list(field); len(allowed) > 0 && !anyGlob(allowed, p.login.Certificate[part]) {
			return "does not allow the " + part + " of the certificate"
		}
	}
	allowed := p.role.list("allowed_names")
	names := []string{p.login.Certificate["commonName"], p.login.Certificate["dns"], p.login.Certificate["email"]}
	if len(allowed) > 0 && !slices.ContainsFunc(names, func(name string) bool { return anyGlob(allowed, name) }) {
		return "does not allow the names of the certificate"
	}
	return ""
}

// issues says why no token is given after all, and sets its policies.
func (p *point) issues() string {
	if p.login.Type == "token" {
		p.policies = p.login.Creation.Policies
		return ""
	}
	f, withDefault := p.tokenFields(), true
	names := f.list("token_policies")
	if len(names) == 0 {
		names = f.list("policies")
	}
	if p.login.Type == "ldap" {
		names = append(names, p.role.list("policies")...)
	}
	withDefault = !f.truth("token_no_default_policy")
	if withDefault {
		names = append(names, "default")
	}
	for _, name := range names {
		name = strings.ToLower(name)
		if name == "root" || name == "response-wrapping" || name == "control-group" {
			return "refuses the login, because it would give policy " + name
		}
		if !slices.Contains(p.policies, name) {
			p.policies = append(p.policies, name)
		}
	}
	return ""
}

// denies says why what is asked of the token is not allowed.
func (p *point) denies() (string, error) {
	switch q := p.ask; {
	case q.Request != nil:
		return p.deniesRequest()
	case q.After > 0:
		if !p.lives(q.After, q.Renewed) {
			return "lets it in; the token is dead by then", nil
		}
	case q.Use > 0:
		if most := p.mostUses(); most > 0 && q.Use > most {
			return "lets it in; the token works no more often than " + plain(most) + " times", nil
		}
	case q.From.IsValid():
		if !contains(p.boundTo(), q.From) {
			return "lets it in; the token does not work from there", nil
		}
	case q.Orphaned:
		if !p.role.truth("orphan") {
			return "lets it in; the token is revoked with the creating one", nil
		}
	}
	return "", nil
}

func (p *point) deniesRequest() (string, error) {
	var texts []vaultacl.Policy
	for _, name := range p.policies {
		for _, policy := range p.side.Policies {
			if strings.ToLower(policy.Name) == name {
				texts = append(texts, policy)
			}
		}
	}
	answer, err := vaultacl.Evaluate(texts, *p.ask.Request)
	if err != nil || answer.Allowed {
		return "", err
	}
	return "lets it in; its policies " + list(p.policies) + " do not allow it", nil
}

func (p *point) maximum() time.Duration {
	if d := p.tune.seconds("max_lease_ttl", false); d > 0 {
		return d
	}
	return shipped
}
