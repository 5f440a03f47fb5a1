package vaultauth

import (
	"fmt"
	"slices"
)

// makeSpec is a token role (vault/token_store.go): which policies a token that
// is created by it may have.
type makeSpec struct {
	lists               bool // the role says something of policies
	allowed, disallowed []pattern
	allows              bool // something is allowed: all else is not
	addsDefault         bool
	aliases             wanted
	orphan              bool
	existing            []string // policies of the side, those to ask about first
}

var tokenRoles = method{
	known: []string{"path_suffix", "name"},
	read: func(role, _ *fields, t tune, s *spec) {
		s.make.read(role)
		life := terms{explicit: older(role, "explicit_max_ttl"), period: older(role, "period")}
		k := token{from: role.blocks("token_bound_cidrs")}
		if legacy := role.blocks("bound_cidrs"); len(k.from) == 0 {
			k.from = legacy
		}
		k.created(life, t, role)
		s.token = k
	},
	gates: func(says [2]spec) []gate {
		return []gate{
			gateOf("policies", false, [2]makeSpec{says[0].make, says[1].make}, creationRule),
			gateOf("entity alias", false, [2]wanted{says[0].make.aliases, says[1].make.aliases}, aliasRule),
		}
	},
}

// created: who creates a token may ask for any time, and for either type where
// the role does not insist on one. The role's own times and uses do not bind
// batch tokens.
func (k *token) created(t terms, mount tune, role *fields) {
	kind, uses, renewable := role.text("token_type"), role.whole("token_num_uses"), role.truthOr("renewable", true)
	if kind != "batch" {
		t.ttl = forever
		service := form{uses: uses}
		service.live(t, mount)
		if !renewable {
			service.renewed = service.plain
		}
		k.forms = append(k.forms, service)
	}
	if kind != "service" {
		asked := form{batch: true}
		asked.live(terms{ttl: forever}, mount)
		k.forms = append(k.forms, asked)
	}
	k.ownLife = fmt.Sprint(t, kind, uses, renewable, k.from)
}

func (m *makeSpec) read(role *fields) {
	allowed, allowedGlob := sanitized(role.list("allowed_policies")), sanitized(role.list("allowed_policies_glob"))
	disallowed, disallowedGlob := sanitized(role.list("disallowed_policies")), sanitized(role.list("disallowed_policies_glob"))
	m.allowed = append(literals(allowed), globs(allowedGlob)...)
	m.disallowed = append(literals(disallowed), globs(disallowedGlob)...)
	m.allows, m.lists = len(m.allowed) > 0, len(m.allowed)+len(m.disallowed) > 0
	m.addsDefault = !role.truth("token_no_default_policy")
	m.aliases = wanted{globs(sanitized(role.list("allowed_entity_aliases")))}
	m.orphan = role.truth("orphan")
}

// gives says whether a token with a policy is created, by which patterns of
// what is allowed and then of what is disallowed the name matches, and whether
// the creating token has the policy.
func (m makeSpec) gives(name string, matched []bool, parent bool) bool {
	if !m.lists {
		return parent
	}
	allowed := slices.Contains(matched[:len(m.allowed)], true)
	disallowed := slices.Contains(matched[len(m.allowed):len(m.allowed)+len(m.disallowed)], true)
	return !disallowed && (!m.allows || allowed || name == "default" && m.addsDefault)
}

// Asked for no policies, a role with lists gives all that are allowed; that is
// the same or less than asking for each.

var creationRule = rule[makeSpec, Creation]{
	beyond: func(a, b makeSpec) (Creation, reach) {
		return creation(a, b, func(in, other bool) bool { return in && !other })
	},
	within: func(a, b makeSpec) (Creation, reach) {
		c, reached := creation(a, b, func(in, other bool) bool { return in && other })
		if reached == none {
			c, reached = creation(a, b, func(in, _ bool) bool { return in })
		}
		return c, reached
	},
	set: func(l *Login, c Creation) {
		l.Creation.ParentPolicies, l.Creation.Policies = c.ParentPolicies, c.Policies
	},
}

// creation looks for a policy's name by what the two sides say of it; first
// without the creating token having it, then with.
func creation(a, b makeSpec, yes func(in, other bool) bool) (Creation, reach) {
	patterns := slices.Concat(a.allowed, a.disallowed, b.allowed, b.disallowed, literals([]string{"default"}), literals(unassignable))
	last := none
	for _, parent := range []bool{false, true} {
		name, reached := search(patterns, a.existing, 1, func(matched []bool) bool {
			special := matched[len(patterns)-len(unassignable)-1:]
			if slices.Contains(special[1:], true) {
				return false
			}
			name := map[bool]string{true: "default"}[special[0]]
			own, theirs := matched[:len(a.allowed)+len(a.disallowed)], matched[len(a.allowed)+len(a.disallowed):]
			return yes(a.gives(name, own, parent), b.gives(name, theirs, parent))
		})
		if reached == found {
			c := Creation{Policies: []string{name}}
			if parent {
				c.ParentPolicies = c.Policies
			}
			return c, found
		}
		last = max(last, reached)
	}
	return Creation{}, last
}

// aliasRule: a token may be made for an entity alias, or for none.
var aliasRule = rule[wanted, string]{
	beyond: wordRule(1, nil).beyond,
	within: func(_, _ wanted) (string, reach) { return "", found },
	set:    func(l *Login, alias string) { l.Creation.EntityAlias = alias },
}
