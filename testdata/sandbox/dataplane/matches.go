package dataplane

import (
	"fmt"
	"regexp"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/route"
)

// matchesOf translates each rule's matches; a rule without any matches all.
func matchesOf(r *gatewayv1.HTTPRoute) ([][]route.Match, error) {
	all := make([][]route.Match, len(r.Spec.Rules))
	for i, rule := range r.Spec.Rules {
		for _, m := range rule.Matches {
			match, err := matchOf(m)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], match)
		}
		if len(rule.Matches) == 0 {
			all[i] = []route.Match{{PathKind: route.PathPrefix, Path: "/"}}
		}
	}
	return all, nil
}

func matchOf(m gatewayv1.HTTPRouteMatch) (route.Match, error) {
	match := route.Match{PathKind: route.PathPrefix, Path: "/", Method: string(deref(m.Method, ""))}
	var err error
	if m.Path != nil {
		match.Path = deref(m.Path.Value, "/")
		switch deref(m.Path.Type, gatewayv1.PathMatchPathPrefix) {
		case gatewayv1.PathMatchExact:
			match.PathKind = route.PathExact
		case gatewayv1.PathMatchRegularExpression:
			match.PathKind = route.PathRegex
			if match.PathExpr, err = whole(match.Path); err != nil {
				return match, err
			}
		}
	}
	for _, h := range m.Headers {
		regex := deref(h.Type, gatewayv1.HeaderMatchExact) == gatewayv1.HeaderMatchRegularExpression
		if match.Headers, err = conditionOn(match.Headers, string(h.Name), h.Value, regex); err != nil {
			return match, err
		}
	}
	for _, q := range m.QueryParams {
		regex := deref(q.Type, gatewayv1.QueryParamMatchExact) == gatewayv1.QueryParamMatchRegularExpression
		if match.Query, err = conditionOn(match.Query, string(q.Name), q.Value, regex); err != nil {
			return match, err
		}
	}
	return match, nil
}

func conditionOn(list []route.Condition, name, value string, regex bool) ([]route.Condition, error) {
	c := route.Condition{Name: name, Value: value}
	if regex {
		pattern, err := whole(value)
		if err != nil {
			return nil, err
		}
		c.Pattern = pattern
	}
	return append(list, c), nil
}

func whole(pattern string) (*regexp.Regexp, error) {
	expr, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return expr, nil
}
