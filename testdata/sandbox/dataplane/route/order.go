package route

import (
	"cmp"
	"slices"
	"strings"
)

// Sort puts entries in the Gateway API's order of precedence (HTTPRouteRule,
// "matches"), the first that matches a request being the one that counts:
// the more specific hostname, exact path, longer path, a method, more headers,
// more query parameters; then the older route, its name, the earlier rule.
func Sort(entries []Entry) {
	slices.SortStableFunc(entries, compare)
}

func compare(a, b Entry) int {
	return cmp.Or(
		compareHosts(a.Hostname, b.Hostname),
		cmp.Compare(a.Match.PathKind, b.Match.PathKind),
		cmp.Compare(len(b.Match.Path), len(a.Match.Path)),
		first(a.Match.Method != "", b.Match.Method != ""),
		cmp.Compare(len(b.Match.Headers), len(a.Match.Headers)),
		cmp.Compare(len(b.Match.Query), len(a.Match.Query)),
		a.Created.Compare(b.Created),
		strings.Compare(a.Rule.Route, b.Rule.Route),
		cmp.Compare(a.Rule.Index, b.Rule.Index),
	)
}

// compareHosts: a name before a wildcard before any, and the longer first.
func compareHosts(a, b string) int {
	return cmp.Or(
		first(a != "" && a[0] != '*', b != "" && b[0] != '*'),
		cmp.Compare(len(b), len(a)),
		strings.Compare(a, b),
	)
}

// first sorts what is true before what is false.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}
