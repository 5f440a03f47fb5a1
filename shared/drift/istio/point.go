package istio

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// Allows says whether a side's objects let one request through. It walks the
// objects as they are written, and shares nothing with the comparison.
func Allows(side []Resource, kind string, r Request) bool {
	if kind == "PeerAuthentication" {
		return plainText(side, r)
	}
	ask := func(action string) (asked, hit bool) {
		for _, one := range side {
			spec := fields(one.Raw, "spec")
			if one.Object.Kind != kind || !holds(one, r) || (fmt.Sprint(spec["action"]) == "DENY") != (action == "DENY") {
				continue
			}
			asked = true
			for _, rule := range list(spec["rules"]) {
				hit = hit || ruleHolds(rule, r)
			}
		}
		return asked, hit
	}
	if _, denied := ask("DENY"); denied {
		return false
	}
	asked, hit := ask("ALLOW")
	return hit || !asked
}

// plainText asks from the nearest scope outwards.
func plainText(side []Resource, r Request) bool {
	scopes := make([][]string, 4) // modes of: the port, the workload, the namespace, the mesh
	for _, one := range side {
		if one.Object.Kind != "PeerAuthentication" || !holds(one, r) {
			continue
		}
		spec, scope := fields(one.Raw, "spec"), 2
		if one.Object.Namespace == "istio-system" {
			scope = 3
		}
		if len(fields(fields(spec, "selector"), "matchLabels")) > 0 {
			scope = 1
			scopes[0] = append(scopes[0], fmt.Sprint(fields(fields(spec, "portLevelMtls"), r.Port)["mode"]))
		}
		scopes[scope] = append(scopes[scope], fmt.Sprint(fields(spec, "mtls")["mode"]))
	}
	for _, modes := range scopes {
		said := strings.Join(modes, " ")
		switch {
		case strings.Contains(said, "STRICT"):
			return false
		case strings.Contains(said, "PERMISSIVE"):
			return !r.InMesh
		case strings.Contains(said, "DISABLE"):
			return true
		}
	}
	return !r.InMesh
}

func fields(raw map[string]any, name string) map[string]any {
	inner, _ := raw[name].(map[string]any)
	return inner
}

func list(v any) []map[string]any {
	all, _ := v.([]any)
	var found []map[string]any
	for _, one := range all {
		inner, _ := one.(map[string]any)
		found = append(found, inner)
	}
	return found
}

func holds(one Resource, r Request) bool {
	for key, want := range fields(fields(fields(one.Raw, "spec"), "selector"), "matchLabels") {
		if have, has := r.Labels[key]; !has || have != want {
			return false
		}
	}
	return one.Object.Namespace == r.Namespace || one.Object.Namespace == "istio-system"
}

func ruleHolds(rule map[string]any, r Request) bool {
	values := map[string]string{
		"principals": r.Principal, "namespaces": r.From, "ipBlocks": r.IP,
		"hosts": r.Host, "ports": r.Port, "methods": r.Method, "paths": r.Path,
	}
	for outer, inner := range map[string]string{"from": "source", "to": "operation"} {
		one := len(list(rule[outer])) == 0
		for _, entry := range list(rule[outer]) {
			every := true
			for name, value := range values {
				not := "not" + strings.ToUpper(name[:1]) + name[1:]
				if yes, asked := among(fields(entry, inner)[name], value); asked && !yes {
					every = false
				}
				if no, asked := among(fields(entry, inner)[not], value); asked && no {
					every = false
				}
			}
			one = one || every
		}
		if !one {
			return false
		}
	}
	return true
}

// among says whether a value is like one of a list, and whether there is one.
func among(v any, value string) (yes, asked bool) {
	patterns, _ := v.([]any)
	for _, one := range patterns {
		text := fmt.Sprint(one)
		asked = true
		if address, err := netip.ParseAddr(value); err == nil {
			block, err := netip.ParsePrefix(text)
			yes = yes || err == nil && block.Contains(address) || text == value
			continue
		}
		expression := regexp.QuoteMeta(text)
		if text == "*" {
			expression = ".+"
		} else if strings.HasSuffix(text, "*") {
			expression = strings.TrimSuffix(expression, `\*`) + ".*"
		} else if strings.HasPrefix(text, "*") {
			expression = ".*" + strings.TrimPrefix(expression, `\*`)
		}
		hit, _ := regexp.MatchString("^(?s:"+expression+")$", value)
		yes = yes || hit
	}
	return yes, asked
}
