package vaultacl

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl"
	"github.com/hashicorp/hcl/hcl/ast"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Policy is an ACL policy as Vault stores it: HCL or JSON text.
type Policy struct{ Name, Text string }

// stanza is one path of a policy.
type stanza struct {
	path string // without the leading slash, with its trailing *
	perms
	structural string // what only Vault Enterprise enforces, as text
}

// perms are what a rule says of a request whose path it decides.
type perms struct {
	capabilities     capabilities
	allowed, denied  map[string][]any // parameters, in lower case
	required         []string
	minWrap, maxWrap time.Duration // 0 is none
}

// stanzaText has the fields of a path as Vault reads them.
type stanzaText struct {
	Policy       string           `hcl:"policy"`
	Capabilities []string         `hcl:"capabilities"`
	MinWrapping  any              `hcl:"min_wrapping_ttl"`
	MaxWrapping  any              `hcl:"max_wrapping_ttl"`
	Allowed      map[string][]any `hcl:"allowed_parameters"`
	Denied       map[string][]any `hcl:"denied_parameters"`
	Required     []string         `hcl:"required_parameters"`
	MFA          []string         `hcl:"mfa_methods"`
	ControlGroup any              `hcl:"control_group"`
	Events       []string         `hcl:"subscribe_event_types"`
}

var stanzaKeys = []string{
	"comment", "policy", "capabilities", "allowed_parameters", "denied_parameters", "required_parameters",
	"min_wrapping_ttl", "max_wrapping_ttl", "mfa_methods", "control_group", "subscribe_event_types",
}

// parse reads a policy. What Vault refuses, or may read in two ways, is an
// error.
func parse(p Policy) ([]stanza, error) {
	file, err := hcl.Parse(p.Text)
	if err != nil {
		return nil, fault.Unable("reading Vault policy %s: %w", p.Name, err)
	}
	root, is := file.Node.(*ast.ObjectList)
	if !is {
		return nil, fault.Unable("reading Vault policy %s: it has no object at its root", p.Name)
	}
	for _, item := range root.Items {
		if key := keyOf(item); key != "path" && key != "name" {
			return nil, fault.Unable("reading Vault policy %s: %q: only name and path may stand there", p.Name, key)
		}
	}
	var list []stanza
	for _, item := range root.Filter("path").Items {
		one, err := parseStanza(item)
		if err != nil {
			return nil, fault.Unable("reading Vault policy %s: path %q: %w", p.Name, one.path, err)
		}
		list = append(list, one)
	}
	return list, nil
}

func keyOf(item *ast.ObjectItem) string {
	if len(item.Keys) == 0 {
		return ""
	}
	key, _ := item.Keys[0].Token.Value().(string)
	return key
}

func parseStanza(item *ast.ObjectItem) (stanza, error) {
	s := stanza{path: strings.TrimPrefix(keyOf(item), "/")}
	if len(item.Keys) != 1 {
		return s, fault.Unable("a path has one name, not %d", len(item.Keys))
	}
	body, is := item.Val.(*ast.ObjectType)
	if !is {
		return s, fault.Unable("it must be a block")
	}
	if err := checkKeys(body.List); err != nil {
		return s, err
	}
	var text stanzaText
	if err := hcl.DecodeObject(&text, item.Val); err != nil {
		return s, err
	}
	if strings.Contains(s.path, "+*") {
		return s, fault.Unable("+* is no wildcard")
	}
	return s, s.fill(text)
}

// checkKeys refuses unknown keys, and those that stand there twice.
func checkKeys(list *ast.ObjectList) error {
	var seen []string
	for _, item := range list.Items {
		key := keyOf(item)
		if !slices.Contains(stanzaKeys, key) || slices.Contains(seen, key) {
			return fault.Unable("%q is unknown or there twice; known are %s", key, strings.Join(stanzaKeys, ", "))
		}
		seen = append(seen, key)
		if inner, is := item.Val.(*ast.ObjectType); is && (key == "allowed_parameters" || key == "denied_parameters") {
			if err := checkParameters(inner.List); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkParameters(list *ast.ObjectList) error {
	seen := map[string]bool{}
	for _, item := range list.Items {
		key := strings.ToLower(keyOf(item))
		if seen[key] {
			return fault.Unable("parameter %q is there twice", key)
		}
		seen[key] = true
	}
	return nil
}

func (s *stanza) fill(text stanzaText) error {
	var err error
	if s.capabilities, err = capabilitiesOf(text.Policy, text.Capabilities); err != nil || s.capabilities.has(Deny) {
		return err // what denies needs no more
	}
	s.allowed, s.denied, s.required = lowerKeys(text.Allowed), lowerKeys(text.Denied), text.Required
	if s.minWrap, err = duration(text.MinWrapping); err != nil {
		return fmt.Errorf("min_wrapping_ttl: %w", err)
	}
	if s.maxWrap, err = duration(text.MaxWrapping); err != nil {
		return fmt.Errorf("max_wrapping_ttl: %w", err)
	}
	if s.minWrap != 0 && s.maxWrap != 0 && s.maxWrap < s.minWrap {
		return fault.Unable("max_wrapping_ttl %s is below min_wrapping_ttl %s", s.maxWrap, s.minWrap)
	}
	if text.MFA != nil || text.ControlGroup != nil || text.Events != nil {
		raw, err := json.Marshal([]any{text.MFA, text.ControlGroup, text.Events})
		s.structural = string(raw)
		return err
	}
	return nil
}

func lowerKeys(lists map[string][]any) map[string][]any {
	if lists == nil {
		return nil
	}
	lower := make(map[string][]any, len(lists))
	for key, values := range lists {
		lower[strings.ToLower(key)] = values
	}
	return lower
}

// duration is seconds for a number, days for "d", else as Go writes it.
func duration(value any) (time.Duration, error) {
	switch v := value.(type) {
	case nil:
		return 0, nil
	case int:
		return positive(time.Duration(v)*time.Second, v)
	case string:
		if seconds, err := strconv.ParseInt(v, 10, 64); err == nil {
			return positive(time.Duration(seconds)*time.Second, v)
		}
		if days, is := strings.CutSuffix(v, "d"); is {
			n, err := strconv.ParseInt(days, 10, 32)
			if err == nil {
				return positive(time.Duration(n)*24*time.Hour, v)
			}
		}
		d, err := time.ParseDuration(v)
		if err != nil {
			return 0, fault.Unable("%q: it must be seconds, or like 10m", v)
		}
		return positive(d, v)
	}
	return 0, fault.Unable("%v: it must be seconds, or like 10m", value)
}

func positive(d time.Duration, given any) (time.Duration, error) {
	if d < 0 {
		return 0, fault.Unable("%v: it must not be negative", given)
	}
	return d, nil
}
