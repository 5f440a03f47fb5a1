package vaultauth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// opaqueMount says what differs of a mount that is not judged, and what is
// judged but shows in no role.
func (c *comparison) opaqueMount(object finding.Object, mounts [2]*Mount) {
	how, _ := methodOf(mounts[from].Type)
	names := unlike(opaque(mounts[from]), opaque(mounts[to]))
	for _, name := range names {
		if !strings.HasPrefix(name, "tune ") && !slices.Contains(how.config, name) {
			c.incomplete(object, "field "+name+" of the configuration differs, and is not known here")
		}
	}
	for _, name := range hiddenOf(mounts[from]) {
		if slices.Contains(hiddenOf(mounts[to]), name) {
			c.incomplete(object, "field "+name+" was left out as a secret, and cannot be compared")
		}
	}
	if !c.told(object) && judged(mounts[from]) != judged(mounts[to]) {
		names = append(names, "what it decides for its roles, though no role shows it")
	}
	if len(names) == 0 {
		return
	}
	severity := finding.Warning
	if slices.Equal(names, []string{"tune description"}) {
		severity = finding.Info
	}
	c.different(object, "configuration", severity, [2]string{"says one thing", "says another"},
		"these differ, and it is not told which side lets more in: "+strings.Join(names, ", "))
}

// told: a claim about the mount was made.
func (c *comparison) told(object finding.Object) bool {
	for _, one := range c.shared {
		if one.object == object {
			return true
		}
	}
	return slices.ContainsFunc(c.result.Findings, func(f finding.Finding) bool { return f.Object == object })
}

// readMount reads a mount as a role that says nothing would have it.
func readMount(m *Mount) (config, tuned *fields, t tune, s spec) {
	how, _ := methodOf(m.Type)
	config, tuned = newFields(m.Config), newFields(m.Tune)
	t = readTune(tuned)
	how.read(newFields(nil), config, t, &s)
	return config, tuned, t, s
}

// opaque are the fields of a mount that no gate and no token looks at.
func opaque(m *Mount) map[string]string {
	config, tuned, _, _ := readMount(m)
	rest := config.rest()
	for name, text := range tuned.rest() {
		rest["tune "+name] = text
	}
	return rest
}

func hiddenOf(m *Mount) []string {
	config, tuned, _, _ := readMount(m)
	return append(config.hiddenRest(), tuned.hiddenRest()...)
}

// judged is what the mount decides of its roles, as text.
func judged(m *Mount) string {
	_, _, t, s := readMount(m)
	return fmt.Sprint(t, s.kube.issuer, s.kube.keys, s.jwt.issuer, s.jwt.signs, s.token, s.from)
}
