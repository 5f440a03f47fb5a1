// Package atrroles compares what two sides' role documents let actors do: the
// key policy.json of the ConfigMap clawql-abac-policy, and of those labelled
// `clawql.io/security-config: atr-roles`.
//
// A rule allows an operation to an actor of a type, by a role, in a vertical.
// Rules add up. What `*` in a pattern stands for beyond one part between two
// `__` is settled nowhere, nor what conditions mean: a rule with conditions, or
// with a field that is not known, may allow or not. A witness is an operation
// that one side's rules surely allow and none of the other's could. What no
// such operation shows, beside one that shows the other direction too, a
// document that cannot be read, and one that only one side has, are left to the
// structural comparison, which calls them different.
package atrroles

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control of the findings.
const Control = "ATRRoles"

// Key of the document.
const Key = "policy.json"

// Config is a ConfigMap with a role document.
type Config struct {
	Object  finding.Object
	Data    map[string]string
	Changed *finding.Change // nil where it is not known
}

// Request is one operation by one actor.
type Request struct{ Actor, Role, Vertical, Operation string }

func (r Request) String() string {
	return fmt.Sprintf("%s by an actor %s with role %s in vertical %s", r.Operation, r.Actor, r.Role, r.Vertical)
}

type rule struct {
	ActorType  string         `json:"actorType"`
	Roles      []string       `json:"roles"`
	Verticals  []string       `json:"verticals"`
	Operations []string       `json:"operations"`
	Conditions map[string]any `json:"conditions"`
	unsure     bool
}

// read gives the rules of a document, and false where it is none.
func read(text string) ([]rule, bool) {
	var document struct {
		Rules []json.RawMessage `json:"rules"`
	}
	strict := json.NewDecoder(strings.NewReader(text))
	strict.DisallowUnknownFields()
	if strict.Decode(&document) != nil {
		return nil, false
	}
	var rules []rule
	for _, raw := range document.Rules {
		var r rule
		decoder := json.NewDecoder(strings.NewReader(string(raw)))
		decoder.DisallowUnknownFields()
		if decoder.Decode(&r) != nil {
			if r = (rule{}); json.Unmarshal(raw, &r) != nil {
				return nil, false
			}
			r.unsure = true
		}
		r.unsure = r.unsure || len(r.Conditions) > 0
		rules = append(rules, r)
	}
	return rules, true
}

// Compare says which operations one side allows and the other does not; names
// are those of the sides in texts. The error is finding.Bug.
func Compare(from, to []Config, names [2]string) (*verdict.Result, error) {
	result := &verdict.Result{}
	for _, a := range from {
		at := slices.IndexFunc(to, func(b Config) bool { return b.Object == a.Object })
		if at < 0 {
			continue
		}
		if err := pair(result, [2]Config{a, to[at]}, names); err != nil {
			return nil, err
		}
	}
	finding.Sort(result.Findings)
	return result, nil
}

func pair(result *verdict.Result, sides [2]Config, names [2]string) error {
	var rules [2][]rule
	for i, side := range sides {
		read, ok := read(side.Data[Key])
		if !ok {
			return nil
		}
		rules[i] = read
	}
	if sameJSON(sides[0].Data[Key], sides[1].Data[Key]) || sameGrants(sides[0].Data[Key], sides[1].Data[Key]) {
		result.Judge(sides[0].Object, ".data."+Key)
		return nil
	}
	var told [2]bool
	for permissive := range sides {
		for _, request := range requests(rules[permissive]) {
			if !surely(rules[permissive], request) || possibly(rules[1-permissive], request) {
				continue
			}
			claim := verdict.Claim{
				Control: Control, Object: sides[0].Object, Aspect: "operation", Permissive: permissive, Severity: finding.High, Changed: sides[0].Changed,
				Witness: finding.Witness{Kind: "operation", Text: request.String(), Details: map[string]string{"role": request.Role, "operation": request.Operation}},
				Why:     fmt.Sprintf("a rule of %s allows it, none of %s does", names[permissive], names[1-permissive]),
			}
			claim.Says[permissive], claim.Says[1-permissive] = "allows it", "has no rule that allows it"
			told[permissive] = true
			err := result.Add(claim, names, func(side int) bool {
				return Allows(sides[side].Data[Key], request, side != permissive)
			})
			if err != nil {
				return err
			}
			break
		}
	}
	if told != [2]bool{} && settled([2]string{sides[0].Data[Key], sides[1].Data[Key]}, told) {
		result.Judge(sides[0].Object, ".data."+Key)
	}
	return nil
}

// sameJSON compares whole documents, with the fields that are not known here.
func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// requests are drawn from rules: each of their operations, with a word for
// every `*`.
func requests(rules []rule) []Request {
	var list []Request
	for _, r := range rules {
		for _, role := range r.Roles {
			for _, vertical := range r.Verticals {
				for _, operation := range r.Operations {
					list = append(list, Request{r.ActorType, role, vertical, strings.ReplaceAll(operation, "*", "anything")})
				}
			}
		}
	}
	return list
}

// surely says whether a rule without doubt allows a request: every word as it
// is written, `*` for one part.
func surely(rules []rule, q Request) bool {
	return slices.ContainsFunc(rules, func(r rule) bool {
		return !r.unsure && r.ActorType == q.Actor && q.Actor != "" && q.Actor != "*" && q.Role != "*" && q.Vertical != "*" &&
			slices.Contains(r.Roles, q.Role) && slices.Contains(r.Verticals, q.Vertical) &&
			slices.ContainsFunc(r.Operations, func(p string) bool { return parts(p, q.Operation) })
	})
}

// parts compares part by part.
func parts(pattern, operation string) bool {
	return slices.EqualFunc(strings.Split(pattern, "__"), strings.Split(operation, "__"), func(p, o string) bool {
		return p == o || p == "*" && o != ""
	})
}

// possibly says whether a rule could allow a request: with every condition
// met, a missing word for any, and `*` for all that may stand there.
func possibly(rules []rule, q Request) bool {
	is := func(list []string, word string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(p string) bool { return glob(strings.ToLower(p), strings.ToLower(word)) })
	}
	return slices.ContainsFunc(rules, func(r rule) bool {
		return (r.ActorType == "" || glob(strings.ToLower(r.ActorType), strings.ToLower(q.Actor))) && is(r.Roles, q.Role) && is(r.Verticals, q.Vertical) && is(r.Operations, q.Operation)
	})
}

// glob takes `*` for any text.
func glob(pattern, text string) bool {
	first, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == text
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	for text = text[len(first):]; ; text = text[1:] {
		if glob(rest, text) {
			return true
		}
		if text == "" {
			return false
		}
	}
}
