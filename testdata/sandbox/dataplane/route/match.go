package route

import (
	"net"
	"net/http"
	"regexp"
	"strings"
)

// PathKind says how a path is compared.
type PathKind int

// The kinds of the Gateway API, in their order of precedence.
const (
	PathExact PathKind = iota
	PathPrefix
	PathRegex
)

// Condition is a header or query parameter that must have a value; Pattern,
// when set, is matched in Value's place and must match it whole.
type Condition struct {
	Name    string
	Value   string
	Pattern *regexp.Regexp
}

func (c Condition) holds(value string) bool {
	if c.Pattern != nil {
		return c.Pattern.MatchString(value)
	}
	return c.Value == value
}

// Match is one HTTPRouteMatch: all of it must hold.
type Match struct {
	PathKind PathKind
	Path     string
	PathExpr *regexp.Regexp // for PathRegex
	Method   string         // empty is any
	Headers  []Condition
	Query    []Condition
}

// Matches tells whether a request fulfils the match. Of a header that occurs
// several times the values count joined by commas (RFC 9110, 5.2).
func (m *Match) Matches(req *http.Request) bool {
	if !m.matchesPath(req.URL.Path) || m.Method != "" && m.Method != req.Method {
		return false
	}
	for _, h := range m.Headers {
		values := req.Header.Values(h.Name)
		if len(values) == 0 || !h.holds(strings.Join(values, ",")) {
			return false
		}
	}
	if len(m.Query) == 0 {
		return true
	}
	query := req.URL.Query()
	for _, q := range m.Query {
		if !query.Has(q.Name) || !q.holds(query.Get(q.Name)) {
			return false
		}
	}
	return true
}

func (m *Match) matchesPath(path string) bool {
	switch m.PathKind {
	case PathExact:
		return path == m.Path
	case PathRegex:
		return m.PathExpr.MatchString(path)
	default:
		return hasPathPrefix(path, m.Path)
	}
}

// hasPathPrefix compares by path elements: /mcp matches /mcp and /mcp/x, never
// /mcpx; a trailing slash of the prefix says nothing.
func hasPathPrefix(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// MatchesHost compares a request's host with a pattern: "" is any host, and
// "*.example.com" any host that ends so with at least one label before it.
func MatchesHost(pattern, host string) bool {
	if pattern == "" {
		return true
	}
	if suffix, wildcard := strings.CutPrefix(pattern, "*"); wildcard {
		return len(host) > len(suffix) && strings.HasSuffix(host, suffix)
	}
	return pattern == host
}

// Intersect narrows a listener's hostname by a route's: the more specific of
// the two, and false when no host fits both.
func Intersect(listener, route string) (string, bool) {
	switch {
	case listener == "" || listener == route:
		return route, true
	case route == "":
		return listener, true
	case covers(listener, route):
		return route, true
	case covers(route, listener):
		return listener, true
	default:
		return "", false
	}
}

// covers tells whether each host of the narrow pattern fits the wide one.
func covers(wide, narrow string) bool {
	suffix, wildcard := strings.CutPrefix(wide, "*")
	return wildcard && strings.HasSuffix(narrow, suffix) && len(narrow) > len(suffix)
}

// hostOf is a Host header without its port, in lower case.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		header = host
	}
	return strings.ToLower(header)
}
