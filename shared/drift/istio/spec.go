package istio

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// policy is a resource as the comparer reads it.
type policy struct {
	Resource
	selector map[string]string
	unsure   bool // says something that is not known here

	modes peerModes // of a PeerAuthentication

	deny    bool     // of an AuthorizationPolicy: the others allow
	idle    bool     // it decides nothing: an audit, or a dry run
	clauses []clause // each is enough for the policy to match

	tokens []tokenRule // of a RequestAuthentication
}

type peerModes struct {
	all   string
	ports map[string]string
}

// clause is one `from` with one `to` and the conditions of a rule: all of its
// matches have to hold.
type clause struct {
	matches []match
	http    bool // the rule asks for something of HTTP, though maybe not here
}

func (c clause) has(is func(m match) bool) bool { return slices.ContainsFunc(c.matches, is) }

// tokenRule is one issuer whose tokens a RequestAuthentication verifies.
type tokenRule struct {
	issuer    string
	audiences []string // where there are some, a token is for one of them
}

type selectorFields struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

type modeField struct {
	Mode string `json:"mode"`
}

// read reads a policy. A field that is not known here makes it unsure, as does
// one that Istio would not take.
func read(r Resource) policy {
	p := policy{Resource: r}
	text, err := json.Marshal(r.Raw["spec"])
	if err != nil {
		p.unsure = true
		return p
	}
	switch r.Object.Kind {
	case "PeerAuthentication":
		p.unsure = !p.readPeer(text)
	case "RequestAuthentication":
		p.unsure = !p.readTokens(text)
	default:
		p.unsure = !p.readAuthorization(text)
	}
	return p
}

func (p *policy) readPeer(text []byte) bool {
	var spec struct {
		Selector      selectorFields       `json:"selector"`
		Mtls          modeField            `json:"mtls"`
		PortLevelMtls map[string]modeField `json:"portLevelMtls"`
	}
	if !strict(text, &spec) {
		return false
	}
	p.selector = spec.Selector.MatchLabels
	p.modes = peerModes{spec.Mtls.Mode, map[string]string{}}
	known := func(mode string) bool {
		return slices.Contains([]string{"", "UNSET", "STRICT", "PERMISSIVE", "DISABLE"}, mode)
	}
	fine := known(spec.Mtls.Mode)
	for port, inner := range spec.PortLevelMtls {
		number, err := strconv.ParseUint(port, 10, 16)
		fine = fine && known(inner.Mode) && err == nil && strconv.FormatUint(number, 10) == port
		p.modes.ports[port] = inner.Mode
	}
	return fine
}

// readTokens reads which tokens are taken. By which key they are verified, and
// where they stand in a request, is nothing that a request here tells.
func (p *policy) readTokens(text []byte) bool {
	var spec struct {
		Selector selectorFields `json:"selector"`
		JwtRules []struct {
			Issuer    string   `json:"issuer"`
			Audiences []string `json:"audiences"`
		} `json:"jwtRules"`
		TargetRef  any `json:"targetRef"`
		TargetRefs any `json:"targetRefs"`
	}
	if json.Unmarshal(text, &spec) != nil || spec.TargetRef != nil || spec.TargetRefs != nil {
		return false
	}
	p.selector = spec.Selector.MatchLabels
	for _, rule := range spec.JwtRules {
		p.tokens = append(p.tokens, tokenRule{rule.Issuer, rule.Audiences})
	}
	return true
}

func (p *policy) readAuthorization(text []byte) bool {
	var spec struct {
		Selector selectorFields `json:"selector"`
		Action   string         `json:"action"`
		Rules    []struct {
			From []struct {
				Source map[string][]string `json:"source"`
			} `json:"from"`
			To []struct {
				Operation map[string][]string `json:"operation"`
			} `json:"to"`
			When []struct {
				Key       string   `json:"key"`
				Values    []string `json:"values"`
				NotValues []string `json:"notValues"`
			} `json:"when"`
		} `json:"rules"`
	}
	if !strict(text, &spec) || !slices.Contains([]string{"", "ALLOW", "DENY", "AUDIT"}, spec.Action) {
		return false
	}
	p.selector, p.deny = spec.Selector.MatchLabels, spec.Action == "DENY"
	p.idle = spec.Action == "AUDIT" || p.dryRun()
	namespace := p.Object.Namespace
	for _, rule := range spec.Rules {
		var froms, tos [][]match
		for _, from := range rule.From {
			one, ok := fieldsClause(from.Source, sourceFields, namespace)
			if froms = append(froms, one); !ok {
				return false
			}
		}
		for _, to := range rule.To {
			one, ok := fieldsClause(to.Operation, operationFields, namespace)
			if tos = append(tos, one); !ok {
				return false
			}
		}
		var when []match
		for _, w := range rule.When {
			one, ok := newMatch(w.Key, w.Values, w.NotValues, namespace)
			if when = append(when, one); !ok {
				return false
			}
		}
		p.clauses = append(p.clauses, product(froms, tos, when)...)
	}
	return true
}

// product joins each `from` with each `to`; none is one that says nothing.
func product(froms, tos [][]match, when []match) []clause {
	if len(froms) == 0 {
		froms = [][]match{nil}
	}
	if len(tos) == 0 {
		tos = [][]match{nil}
	}
	var list []clause
	http := false
	for _, from := range froms {
		for _, to := range tos {
			c := clause{matches: slices.Concat(from, to, when)}
			http = http || c.has(func(m match) bool { return ofHTTP(m.part) })
			list = append(list, c)
		}
	}
	for i := range list {
		list[i].http = http
	}
	return list
}

// The fields of `source` and `operation`, and the keys of `when` that mean the
// same. Each has a negation, notXxx.
var (
	sourceFields = map[string]string{
		"principals": "source.principal", "namespaces": "source.namespace", "serviceAccounts": "source.serviceAccount", "trustDomains": "source.trustDomain",
		"ipBlocks": "source.ip", "remoteIpBlocks": "remote.ip", "requestPrincipals": "request.auth.principal",
	}
	operationFields = map[string]string{"hosts": "host", "ports": "destination.port", "methods": "method", "paths": "path"}
)

// fieldsClause reads a source or an operation; false is for an unknown field.
func fieldsClause(fields map[string][]string, known map[string]string, namespace string) ([]match, bool) {
	var c []match
	seen := 0
	for _, name := range sortedKeys(known) {
		not := "not" + strings.ToUpper(name[:1]) + name[1:]
		values, has := fields[name]
		against, hasNot := fields[not]
		if has {
			seen++
		}
		if hasNot {
			seen++
		}
		if len(values)+len(against) == 0 {
			continue
		}
		one, ok := newMatch(known[name], values, against, namespace)
		if !ok {
			return nil, false
		}
		c = append(c, one)
	}
	return c, seen == len(fields)
}

// dryRun says whether the policy is only tried: its verdict is logged, and
// nothing is refused.
func (p *policy) dryRun() bool {
	metadata, _ := p.Raw["metadata"].(map[string]any)
	notes, _ := metadata["annotations"].(map[string]any)
	text, _ := notes["istio.io/dry-run"].(string)
	on, err := strconv.ParseBool(text)
	return on && err == nil
}
