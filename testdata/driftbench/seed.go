package main

import (
	"fmt"
	"math/rand"
	"strings"
)

// drift is one finding that a seeded change must lead to: the control and the
// object that the report names.
type drift struct{ Control, Kind, Namespace, Name string }

// change is a way to change an object of a kind: old becomes new in its text,
// or, where old is empty, the object is not there.
// where says whom the finding names, where that is not the object itself.
type change struct {
	old, new, control string
	where             func(space, name string, n int) drift
}

// account is where the effect of a Role shows.
func account(space, name string, _ int) drift { return drift{"RBAC", "ServiceAccount", space, name} }

// user is the subject that a changed RoleBinding has on one side alone.
func user(_, _ string, n int) drift {
	return drift{"RBAC", "User", "", fmt.Sprintf("contractor-%d", n)}
}

// changes by kind, taken in turns.
var changes = map[string][]change{
	"Deployment": {
		{"/proxy@sha256:", "/proxy@sha256:0", "Image", nil},
		{"value: eu-central-1", "value: eu-west-1", "Environment", nil},
		{"replicas: 2", "replicas: 3", "Object", nil},
		{"allowPrivilegeEscalation: false\n            readOnly", "allowPrivilegeEscalation: true\n            readOnly", "PodSecurityPods", nil},
	},
	"Service":             {{"port: 80\n", "port: 8080\n", "Object", nil}},
	"ServiceAccount":      {{"automountServiceAccountToken: false", "automountServiceAccountToken: true", "Object", nil}},
	"ConfigMap":           {{"\ndata:\n", "\ndata:\n  added: \"yes\"\n", "Object", nil}, {"", "", "Object", nil}},
	"Secret":              {{"username: YXBw", "username: YWRtaW4=", "Secret", nil}},
	"Role":                {{`"create", "update"`, `"create", "update", "delete"`, "", account}},
	"RoleBinding":         {{"subjects:\n", "subjects:\n  - {kind: User, name: contractor-NUMBER, apiGroup: rbac.authorization.k8s.io}\n", "", user}},
	"HTTPRoute":           {{"weight: 100", "weight: 90", "Object", nil}},
	"ServiceMonitor":      {{"interval: 30s", "interval: 60s", "Object", nil}},
	"PodDisruptionBudget": {{"maxUnavailable: 1", "maxUnavailable: 2", "Object", nil}},
	"NetworkPolicy":       {{"{port: 5432, protocol: TCP}", "{port: 5432, protocol: TCP}\n        - {port: 6379, protocol: TCP}", "NetworkPolicy", nil}},
}

// input is both sides of a comparison, each as documents, and what was seeded.
type input struct {
	sides [2][]document // from, to
	edits []document    // what from has otherwise than to; one without a text is not there
	want  map[drift]bool
}

// document is one manifest, and the application that it belongs to.
type document struct {
	text, kind, space, name string
	app                     int // -1 for those of a namespace
}

// spread says in which namespace an application lives.
type spread func(side, app int) string

// generate makes about objects manifests a side, of which share (0 to 1) differ:
// the same ones for the same arguments.
func generate(objects int, share float64, where spread) input {
	in := input{want: map[drift]bool{}}
	random := rand.New(rand.NewSource(int64(objects)))
	var spaces [2]map[string]bool
	spaces[0], spaces[1] = map[string]bool{}, map[string]bool{}
	for app := 0; len(in.sides[1]) < objects; app++ {
		for side := range in.sides {
			in.common(side, where(side, app), spaces[side])
		}
		for _, template := range bundle {
			if template == policy && app%4 > 0 {
				continue
			}
			in.object(template, app, where, random.Float64() < share)
		}
	}
	return in
}

func (in *input) common(side int, space string, known map[string]bool) {
	if known[space] {
		return
	}
	known[space] = true
	for _, template := range commons {
		in.sides[side] = append(in.sides[side], document{filled(template, space, 0), kindOf(template), space, "", -1})
	}
}

// object adds one object to both sides, changed on the side of from if asked.
func (in *input) object(template string, app int, where spread, changed bool) {
	kind := kindOf(template)
	name := nameOf(filled(template, "", app))
	to := document{filled(template, where(1, app), app), kind, where(1, app), name, app}
	from := document{filled(template, where(0, app), app), kind, where(0, app), name, app}
	in.sides[1] = append(in.sides[1], to)
	if changed {
		ways := changes[kind]
		way := ways[app%len(ways)]
		in.want[way.finding(to, app)] = true
		if way.old == "" {
			in.edits = append(in.edits, document{"", kind, from.space, name, app})
			return
		}
		text := strings.Replace(template, way.old, way.new, 1)
		if text == template {
			panic("driftbench: nothing of " + kind + " was changed")
		}
		from.text = filled(text, from.space, app)
		in.edits = append(in.edits, from)
	}
	in.sides[0] = append(in.sides[0], from)
}

func (c change) finding(d document, app int) drift {
	if c.where != nil {
		return c.where(d.space, appName(app), app)
	}
	return drift{c.control, d.kind, d.space, d.name}
}

func kindOf(text string) string {
	_, rest, _ := strings.Cut(text, "kind: ")
	kind, _, _ := strings.Cut(rest, "\n")
	return kind
}

func nameOf(text string) string {
	_, rest, _ := strings.Cut(text, "name: ")
	return rest[:strings.IndexAny(rest, ",}\n")]
}
