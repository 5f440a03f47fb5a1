package vaultacl

import (
	"slices"
	"strings"
	"time"
)

// Request is one request to Vault: an operation, or sudo or subscribe, on a
// path without a trailing slash. Data are parameters, keys in lower case; Wrap
// is the wrapping time asked for, 0 for none.
type Request struct {
	Path       string
	Capability Capability
	Data       map[string]string
	Wrap       time.Duration
}

// Answer says whether a request is allowed, and what decided: the path of the
// rule and its policies; empty where no rule matches.
type Answer struct {
	Allowed  bool
	Path     string
	Policies []string
}

// Evaluate says what policies answer to one request of a token that has them
// all. It finds the rule as Vault does, by exact path, by the longest prefix
// and segment by segment, and shares that with nothing else.
func Evaluate(policies []Policy, r Request) (Answer, error) {
	m, err := merge(policies)
	if err != nil {
		return Answer{}, err
	}
	if m.root {
		return Answer{Allowed: true, Policies: []string{"root"}}, nil
	}
	path := m.find(r)
	if path == "" {
		return Answer{}, nil
	}
	decides := m.rules[path]
	return Answer{decides.permits(r), path, decides.policies}, nil
}

// find is the path of the rule that decides. A list is made with a slash at the
// end, and looked up without it first.
func (m *merged) find(r Request) string {
	if r.Capability != List {
		if m.isExact(r.Path) {
			return r.Path
		}
		return m.findWild(r.Path)
	}
	for _, path := range []string{r.Path + "/", r.Path} {
		if m.isExact(path) {
			return path
		}
	}
	if found := m.findWild(r.Path); found != "" {
		return found
	}
	return m.findWild(r.Path + "/")
}

func (m *merged) isExact(path string) bool {
	return m.rules[path] != nil && !strings.HasSuffix(path, "*") && !segmented(path)
}

func segmented(path string) bool {
	return path == "+" || strings.HasPrefix(path, "+/") || strings.Contains(path, "/+")
}

// candidate is a rule with wildcards that matches.
type candidate struct {
	path               string // the key of the rule
	text               string // without the trailing *
	first, count, glob int
}

func (m *merged) findWild(path string) string {
	var best *candidate
	for key := range m.rules {
		c := candidate{path: key, text: strings.TrimSuffix(key, "*")}
		if strings.HasSuffix(key, "*") {
			c.glob = 1
		}
		switch {
		case segmented(key):
			if !c.matchesSegments(path) {
				continue
			}
		case c.glob == 0 || !strings.HasPrefix(path, c.text):
			continue
		default:
			c.first = len(c.text)
		}
		if best == nil || best.lower(&c) {
			best = &c
		}
	}
	if best == nil {
		return ""
	}
	return best.path
}

func (c *candidate) matchesSegments(path string) bool {
	c.first = strings.Index(c.path, "+")
	given, wanted := strings.Split(path, "/"), strings.Split(c.text, "/")
	if len(given) < len(wanted) || c.glob == 0 && len(given) != len(wanted) {
		return false
	}
	for i, want := range wanted {
		switch {
		case want == "+":
			c.count++
		case want == given[i]:
		case c.glob == 1 && i == len(wanted)-1 && strings.HasPrefix(given[i], want):
		default:
			return false
		}
	}
	return true
}

// lower says that c gives way to d.
func (c *candidate) lower(d *candidate) bool {
	switch {
	case c.first != d.first:
		return c.first < d.first
	case c.glob != d.glob:
		return c.glob > d.glob
	case c.count != d.count:
		return c.count > d.count
	case len(c.text) != len(d.text):
		return len(c.text) < len(d.text)
	}
	return c.text < d.text
}

// permits looks at capability, wrapping time and parameters, in Vault's order.
func (r *rule) permits(q Request) bool {
	if r.capabilities.has(Deny) || !r.capabilities.has(q.Capability) {
		return false
	}
	if q.Capability == Sudo || q.Capability == Subscribe {
		return true
	}
	if r.maxWrap > 0 && (q.Wrap == 0 || q.Wrap > r.maxWrap) || r.minWrap > 0 && (q.Wrap == 0 || q.Wrap < r.minWrap) {
		return false
	}
	if r.minWrap > 0 && r.maxWrap > 0 && r.maxWrap < r.minWrap {
		return false
	}
	if q.Capability == List || q.Capability == Delete {
		return true
	}
	return r.permitsData(q.Data)
}

func (r *rule) permitsData(data map[string]string) bool {
	if slices.ContainsFunc(r.required, func(key string) bool { _, given := data[strings.ToLower(key)]; return !given }) {
		return false
	}
	if len(data) == 0 {
		return true
	}
	if _, all := r.denied["*"]; all {
		return false
	}
	for key, value := range data {
		if list, named := r.denied[key]; named && (len(list) == 0 || anyPart(value, list)) {
			return false
		}
	}
	_, all := r.allowed["*"]
	if len(r.allowed) == 0 || len(r.allowed) == 1 && all {
		return true
	}
	for key, value := range data {
		list, named := r.allowed[key]
		if !named && !all || named && len(list) > 0 && !inList(value, list) && !everyPart(value, list) {
			return false
		}
	}
	return true
}
