package vaultacl

import (
	"maps"
	"slices"
	"time"
)

// merged is a side's rules by path, those of one path made one.
type merged struct {
	root  bool
	rules map[string]*rule
}

type rule struct {
	perms
	policies   []string // whose stanzas it came from
	structural []string
}

// merge joins policies in their order, as Vault does for a token that has them
// all.
func merge(policies []Policy) (*merged, error) {
	m := &merged{rules: map[string]*rule{}}
	for _, p := range policies {
		if p.Name == "root" {
			m.root = true
			continue
		}
		list, err := parse(p)
		if err != nil {
			return nil, err
		}
		for i := range list {
			m.add(p.Name, &list[i])
		}
	}
	return m, nil
}

func (m *merged) add(policy string, s *stanza) {
	r := m.rules[s.path]
	if r == nil {
		r = &rule{perms: s.perms.clone(), policies: []string{policy}}
		m.rules[s.path] = r
	} else {
		r.join(s.perms)
		r.policies = append(r.policies, policy)
	}
	if s.structural != "" {
		r.structural = append(r.structural, s.structural)
	}
}

func (p perms) clone() perms {
	p.capabilities, p.required = maps.Clone(p.capabilities), slices.Clone(p.required)
	p.allowed, p.denied = maps.Clone(p.allowed), maps.Clone(p.denied)
	return p
}

// join adds what another stanza of the same path says.
func (r *rule) join(p perms) {
	switch {
	case r.capabilities.has(Deny):
		return
	case p.capabilities.has(Deny):
		r.perms = perms{capabilities: capabilities{Deny: true}}
		return
	}
	maps.Copy(r.capabilities, p.capabilities)
	r.minWrap, r.maxWrap = shorter(r.minWrap, p.minWrap), shorter(r.maxWrap, p.maxWrap)
	r.allowed, r.denied = joinLists(r.allowed, p.allowed), joinLists(r.denied, p.denied)
	for _, name := range p.required {
		if !slices.Contains(r.required, name) {
			r.required = append(r.required, name)
		}
	}
}

func shorter(a, b time.Duration) time.Duration {
	if b > 0 && (a == 0 || b < a) {
		return b
	}
	return a
}

// joinLists: an empty list, which is every value, stays empty.
func joinLists(a, b map[string][]any) map[string][]any {
	if len(b) == 0 {
		return a
	}
	if a == nil {
		return maps.Clone(b)
	}
	for key, values := range b {
		had, known := a[key]
		if len(values) == 0 || known && len(had) == 0 {
			a[key] = []any{}
			continue
		}
		a[key] = slices.Concat(values, had)
	}
	return a
}
