package istio

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Allows says whether a side's objects let one request through. It walks the
// objects as they are written, and shares nothing with the comparison.
func Allows(side []Resource, kind string, r Request) bool {
	if kind == "PeerAuthentication" {
		return plainText(side, r)
	}
	verified, taken := tokenTaken(side, r)
	if !taken {
		return false
	}
	allowed, asked := false, false
	for _, one := range side {
		spec := fields(one.Raw, "spec")
		action := fmt.Sprint(spec["action"])
		if one.Object.Kind != kind || !holds(one, r) || action == "AUDIT" || tried(one) {
			continue
		}
		hit := false
		for _, rule := range list(spec["rules"]) {
			hit = hit || ruleHolds(rule, action == "DENY", one.Object.Namespace, values(r, verified), r.TCP)
		}
		if action == "DENY" && hit {
			return false
		}
		if action != "DENY" {
			asked, allowed = true, allowed || hit
		}
	}
	return allowed || !asked
}

func tried(one Resource) bool {
	note, _ := fields(fields(one.Raw, "metadata"), "annotations")["istio.io/dry-run"].(string)
	on, _ := strconv.ParseBool(note)
	return on
}

// tokenTaken says whether a RequestAuthentication verifies the request's token,
// and whether the request may go on: one with a token that none of several
// issuers signed may not; one without may, and so may one of which none asks.
func tokenTaken(side []Resource, r Request) (verified, on bool) {
	on = true
	for _, one := range side {
		if r.Token == nil || r.TCP || one.Object.Kind != "RequestAuthentication" || !holds(one, r) {
			continue
		}
		for _, rule := range list(fields(one.Raw, "spec")["jwtRules"]) {
			audiences, _ := rule["audiences"].([]any)
			meant := len(audiences) == 0
			for _, audience := range audiences {
				meant = meant || slices.Contains(r.Token.Audience, fmt.Sprint(audience))
			}
			verified, on = verified || rule["issuer"] == r.Token.Issuer && meant, false
		}
	}
	return verified, on || verified
}

// values are what a request says, by the attribute that asks for it; claims
// and headers by their keys. One that is not there has none.
func values(r Request, verified bool) map[string][]string {
	list := map[string][]string{
		"source.ip": {r.IP}, "remote.ip": {r.Remote}, "destination.port": {r.Port}, "host": {r.Host}, "method": {r.Method}, "path": {r.Path},
	}
	if r.Principal != "" {
		for _, name := range []string{"source.principal", "source.namespace", "source.serviceAccount", "source.trustDomain"} {
			list[name] = []string{"spiffe://" + r.Principal}
		}
	}
	for name, value := range r.Headers {
		list["request.headers["+name+"]"] = []string{value}
	}
	if !verified {
		return list
	}
	t := r.Token
	list["request.auth.principal"] = []string{t.Issuer + "\n" + t.Subject}
	list["request.auth.claims[iss]"], list["request.auth.claims[sub]"] = []string{t.Issuer}, []string{t.Subject}
	list["request.auth.audiences"], list["request.auth.claims[aud]"] = t.Audience, t.Audience
	list["request.auth.presenter"], list["request.auth.claims[azp]"] = t.Presenter, t.Presenter
	for name, claim := range t.Claims {
		list["request.auth.claims["+name+"]"] = claim
	}
	return list
}

// plainText asks from the nearest scope outwards.
func plainText(side []Resource, r Request) bool {
	scopes := make([][]string, 4) // modes of: the port, the workload, the namespace, the mesh
	for _, one := range side {
		if one.Object.Kind != "PeerAuthentication" || !holds(one, r) {
			continue
		}
		spec, scope := fields(one.Raw, "spec"), 2
		selected := len(fields(fields(spec, "selector"), "matchLabels")) > 0
		if one.Object.Namespace == "istio-system" {
			if scope = 3; selected {
				continue
			}
		}
		if selected {
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

// meaning is the attribute that a field of a source or operation asks for.
var meaning = map[string]string{
	"principals": "source.principal", "namespaces": "source.namespace", "serviceAccounts": "source.serviceAccount", "trustDomains": "source.trustDomain",
	"ipBlocks": "source.ip", "remoteIpBlocks": "remote.ip", "requestPrincipals": "request.auth.principal",
	"hosts": "host", "ports": "destination.port", "methods": "method", "paths": "path",
}

// ruleHolds says whether a rule matches. A TCP connection has nothing of HTTP:
// a rule that allows and asks for it does not match, one that denies does not ask.
func ruleHolds(rule map[string]any, denies bool, namespace string, have map[string][]string, tcp bool) bool {
	every := true
	ask := func(attribute string, want, not any) bool {
		http := !strings.HasPrefix(attribute, "source.") && attribute != "remote.ip" && attribute != "destination.port"
		wanted, _ := want.([]any)
		unwanted, _ := not.([]any)
		if len(wanted)+len(unwanted) == 0 {
			return true
		}
		if tcp && http {
			every = every && denies // an ALLOW is dropped as a whole
			return true
		}
		attribute = strings.Replace(attribute, "request.headers["+bracket(attribute), "request.headers["+strings.ToLower(bracket(attribute)), 1)
		return (len(wanted) == 0 || among(attribute, wanted, have[attribute], namespace)) && !among(attribute, unwanted, have[attribute], namespace)
	}
	for outer, inner := range map[string]string{"from": "source", "to": "operation"} {
		one := len(list(rule[outer])) == 0
		for _, entry := range list(rule[outer]) {
			all := true
			for field, attribute := range meaning {
				not := "not" + strings.ToUpper(field[:1]) + field[1:]
				all = ask(attribute, fields(entry, inner)[field], fields(entry, inner)[not]) && all
			}
			one = one || all
		}
		every = every && one
	}
	for _, when := range list(rule["when"]) {
		every = ask(fmt.Sprint(when["key"]), when["values"], when["notValues"]) && every
	}
	return every
}

func bracket(attribute string) string {
	_, inner, _ := strings.Cut(attribute, "[")
	return strings.TrimSuffix(inner, "]")
}

// among says whether one of the values is like one of the patterns.
func among(attribute string, patterns []any, values []string, namespace string) bool {
	for _, value := range values {
		for _, pattern := range patterns {
			if strings.HasSuffix(attribute, ".ip") {
				address, _ := netip.ParseAddr(value)
				block, err := netip.ParsePrefix(fmt.Sprint(pattern))
				if err == nil && block.Masked().Contains(address) || fmt.Sprint(pattern) == value {
					return true
				}
			} else if expression(attribute, fmt.Sprint(pattern), namespace).MatchString(value) {
				return true
			}
		}
	}
	return false
}

var expressions sync.Map // of attribute, pattern and namespace

// expression is a pattern as a regular expression on the whole of a value.
func expression(attribute, text, namespace string) *regexp.Regexp {
	key := [3]string{attribute, text, namespace}
	if known, ok := expressions.Load(key); ok {
		return known.(*regexp.Regexp)
	}
	star, flags := func(text string) string { return strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, ".*") }, "s"
	var e string
	switch attribute {
	case "source.namespace":
		e = ".*/ns/" + star(text) + "/.*"
	case "source.serviceAccount":
		if !strings.Contains(text, "/") {
			text = namespace + "/" + text
		}
		ns, name, _ := strings.Cut(text, "/")
		e = "spiffe://.+/ns/" + regexp.QuoteMeta(ns) + "/(.+/|)sa/" + regexp.QuoteMeta(name) + "(/.+)?"
	case "source.trustDomain":
		e = "spiffe://" + strings.ReplaceAll(star(text), ".*", "[^/]*") + "/.*"
	case "source.principal":
		e = "spiffe://" + ends(text)
	case "request.auth.principal":
		e = issuerAndSubject(text)
	case "destination.port":
		number, _ := strconv.Atoi(text)
		e = strconv.Itoa(number)
	case "host":
		e, flags = ends(text), "si"
	default:
		e = ends(text)
	}
	compiled := regexp.MustCompile("^(?" + flags + ":" + e + ")$")
	expressions.Store(key, compiled)
	return compiled
}

// ends takes a star at the start, or else at the end, for any text; alone it is
// for any that is not empty.
func ends(text string) string {
	if text == "*" {
		return ".+"
	}
	if rest, ok := strings.CutPrefix(text, "*"); ok {
		return ".*" + regexp.QuoteMeta(rest)
	}
	if rest, ok := strings.CutSuffix(text, "*"); ok {
		return regexp.QuoteMeta(rest) + ".*"
	}
	return regexp.QuoteMeta(text)
}

// issuerAndSubject stand on a line each.
func issuerAndSubject(text string) string {
	at := strings.LastIndex(text, "/")
	switch {
	case text == "*":
		return `[^\n]+\n.+`
	case at < 0 && strings.HasPrefix(text, "*"):
		return `[^\n]+\n` + ends(text)
	case at < 0 && strings.HasSuffix(text, "*"):
		return strings.TrimSuffix(ends(text), ".*") + `[^\n]*\n.+`
	case at < 0:
		return regexp.QuoteMeta(text) + `\n`
	case strings.HasPrefix(text, "*"):
		return strings.Replace(strings.Replace(ends(text[:at]), ".*", `[^\n]*`, 1), ".+", `[^\n]+`, 1) + `\n` + regexp.QuoteMeta(text[at+1:])
	case strings.HasSuffix(text, "*"):
		return regexp.QuoteMeta(text[:at]) + `\n` + ends(text[at+1:])
	}
	return regexp.QuoteMeta(text[:at]) + `\n` + regexp.QuoteMeta(text[at+1:])
}
