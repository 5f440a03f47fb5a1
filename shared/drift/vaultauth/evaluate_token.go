package vaultauth

import (
	"slices"
	"strings"
	"time"
)

// isBatch says of which type the token is.
func (p *point) isBatch() bool {
	if p.login.Type == "token" {
		switch p.role.text("token_type") {
		case "batch":
			return true
		case "service":
			return false
		case "default-batch":
			return p.login.Creation.Type != "service"
		}
		return p.login.Creation.Type == "batch"
	}
	mount, own := p.tune.text("token_type"), p.tokenFields().text("token_type")
	switch {
	case mount == "batch" || mount == "service":
		return mount == "batch"
	case mount == "default-batch":
		return own == "" || own == "default" || own == "default-batch" || own == "batch"
	}
	return own == "batch" || own == "default-batch"
}

func (p *point) mostUses() int64 {
	if p.isBatch() {
		return 0
	}
	f := p.tokenFields()
	if most := f.whole("token_num_uses"); most > 0 || p.login.Type == "token" {
		return most
	}
	return f.whole("num_uses")
}

// either of two names of a time, the newer one first.
func (p *point) either(name string) time.Duration {
	f := p.tokenFields()
	if d := f.seconds("token_"+name, false); d > 0 {
		return d
	}
	if name == "explicit_max_ttl" && p.login.Type != "token" {
		return 0
	}
	return f.seconds(name, false)
}

// lives follows the token from its issue: it ends where Vault would end it,
// and is renewed one second before, if it can be.
func (p *point) lives(after time.Duration, renewed bool) bool {
	var ttl, longest, explicit, period time.Duration
	created := p.login.Type == "token"
	if !created || !p.isBatch() {
		explicit, period = p.either("explicit_max_ttl"), p.either("period")
	}
	if created {
		ttl = p.maximum() // who creates it asks for all there is
	} else {
		ttl, longest = p.either("ttl"), p.either("max_ttl")
	}
	cap := p.maximum()
	if longest > 0 {
		cap = min(cap, longest)
	}
	if explicit > 0 {
		cap = min(cap, explicit)
	}
	if p.isBatch() || created && !p.role.truthOr("renewable", true) {
		renewed = false
	}
	if period > 0 {
		return periodic(after, min(period, cap), explicit, renewed)
	}
	if ttl == 0 {
		if ttl = p.tune.seconds("default_lease_ttl", false); ttl == 0 {
			ttl = shipped
		}
	}
	if renewed {
		return after < cap
	}
	return after < min(ttl, cap)
}

func periodic(after, period, explicit time.Duration, renewed bool) bool {
	if explicit > 0 && after >= explicit {
		return false
	}
	return renewed || after < period
}

// refusesCreation follows vault/token_store.go for a token that is not root and
// has no sudo.
func (p *point) refusesCreation() string {
	c := p.login.Creation
	if alias := strings.ToLower(c.EntityAlias); alias != "" && !anyGlob(lower(p.role.list("allowed_entity_aliases")), alias) {
		return "does not allow the entity alias"
	}
	allowed, allowedGlob := lower(p.role.list("allowed_policies")), lower(p.role.list("allowed_policies_glob"))
	denied, deniedGlob := lower(p.role.list("disallowed_policies")), lower(p.role.list("disallowed_policies_glob"))
	for _, name := range c.Policies {
		switch {
		case name == "root" || name == "response-wrapping" || name == "control-group":
			return "gives nobody policy " + name
		case len(allowed)+len(allowedGlob)+len(denied)+len(deniedGlob) == 0:
			if !slices.Contains(c.ParentPolicies, name) {
				return "gives only policies that the creating token has"
			}
		case slices.Contains(denied, name) || anyGlob(deniedGlob, name):
			return "disallows policy " + name
		case len(allowed)+len(allowedGlob) == 0 || slices.Contains(allowed, name) || anyGlob(allowedGlob, name):
		case name == "default" && !p.role.truth("token_no_default_policy"):
		default:
			return "does not allow policy " + name
		}
	}
	return ""
}

func lower(list []string) []string {
	for i := range list {
		list[i] = strings.ToLower(list[i])
	}
	return list
}
