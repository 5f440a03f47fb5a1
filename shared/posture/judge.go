package posture

import (
	"encoding/json"
	"fmt"
	"slices"
)

// judge collects what the controls do and find.
type judge struct {
	Settings
	actions    []Action
	violations []Violation
	excepted   map[Action]bool
}

// off is true when an exception switched the control off; it notes that once
// for each object.
func (j *judge) off(control string, on Ref) bool {
	if structural(control) || !j.Excepted(control) {
		return false
	}
	note := Action{Control: control, Object: on, Kind: Excepted}
	if !j.excepted[note] {
		j.excepted[note] = true
		j.actions = append(j.actions, note)
	}
	return true
}

// structural controls know no exception.
func structural(control string) bool {
	return control == GatewayShape || control == Namespaced || control == Readable
}

func (j *judge) did(control string, on Ref, path []string, from, to any, kind string) {
	j.actions = append(j.actions, Action{control, on, FieldString(path), text(from), text(to), kind})
}

func (j *judge) refuse(v Violation) {
	if !j.off(v.Control, v.Object) {
		v.Field = slices.Clone(v.Field)
		j.violations = append(j.violations, v)
	}
}

// text writes a value for a plan: scalars as they are, the rest as JSON.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case map[string]any, []any:
		raw, err := json.Marshal(value)
		if err != nil {
			return fmt.Sprint(value)
		}
		return string(raw)
	}
	return fmt.Sprint(value)
}

// place is a mapping inside an object, and the way to it. The mapping may be
// missing (nil): reading it finds nothing, and the first write makes it.
type place struct {
	j      *judge
	on     Ref
	path   []string
	fields map[string]any
	parent *place // nil for a mapping that exists
	key    string // of this place in its parent
}

func (p *place) field(key string) []string { return append(slices.Clone(p.path), key) }

// value of a key; null counts as absent, as it does for the API server.
func (p *place) value(key string) any { return p.fields[key] }

// str is the text at key, empty where there is none.
func (p *place) str(key string) string {
	text, _ := p.fields[key].(string)
	return text
}

// list is the list at key.
func (p *place) list(key string) []any {
	list, _ := p.fields[key].([]any)
	return list
}

// in goes down along keys.
func (p *place) in(keys ...string) *place {
	for _, key := range keys {
		below := &place{j: p.j, on: p.on, path: p.field(key), parent: p, key: key}
		below.fields, _ = p.fields[key].(map[string]any)
		p = below
	}
	return p
}

// write sets a key, making the mapping where it is missing.
func (p *place) write(key string, value any) {
	if p.fields == nil {
		p.fields, _ = p.parent.fields[p.key].(map[string]any) // made by another meanwhile
	}
	if p.fields == nil {
		p.fields = map[string]any{}
		p.parent.write(p.key, p.fields)
	}
	p.fields[key] = value
}

// members are the mappings in the list at key. Each is named by its name, or
// by its index when it has none or shares it with another.
func (p *place) members(key string) []*place {
	names := map[string]int{}
	for _, member := range p.list(key) {
		names[nameOf(member)]++
	}
	var all []*place
	for i, member := range p.list(key) {
		fields, ok := member.(map[string]any)
		if !ok {
			continue
		}
		step := fmt.Sprintf("[%d]", i)
		if name := nameOf(member); name != "" && names[name] == 1 {
			step = "[name=" + name + "]"
		}
		all = append(all, &place{j: p.j, on: p.on, path: append(p.field(key), step), fields: fields})
	}
	return all
}

func nameOf(member any) string {
	fields, _ := member.(map[string]any)
	name, _ := fields["name"].(string)
	return name
}

// add appends to the list at key.
func (p *place) add(key string, member any) {
	p.write(key, append(slices.Clone(p.list(key)), member))
}

// must makes a field have a value: unset it is set, equal it is kept, and
// anything else is a violation. Want is a scalar.
func (p *place) must(control, key string, want any, hint string) {
	if p.j.off(control, p.on) {
		return
	}
	switch have := p.value(key); have {
	case nil:
		p.write(key, want)
		p.j.did(control, p.on, p.field(key), nil, want, New)
	case want:
		p.j.did(control, p.on, p.field(key), have, want, Kept)
	default:
		p.refuse(control, key, text(want), hint)
	}
}

// refuse reports the field at key.
func (p *place) refuse(control, key, allowed, hint string) {
	p.j.refuse(Violation{control, p.on, p.field(key), p.value(key), allowed, hint})
}

// never reports a field that is set to one of the bad values, which are scalars.
func (p *place) never(control, key, allowed, hint string, bad ...any) {
	if slices.Contains(bad, p.value(key)) {
		p.refuse(control, key, allowed, hint)
	}
}
