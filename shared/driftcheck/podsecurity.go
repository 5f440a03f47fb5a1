package driftcheck

import (
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/podsec"
	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/typediff"
)

// hearPods takes what podsec says. It has spoken of nothing but the places that
// it names, and of a workload that only one side has.
func (c *comparison) hearPods(r *podsec.Result) {
	for object, places := range r.Judged {
		k := keyOfObject(object)
		spec := ""
		if path, known := templatePaths[key{group: k.group, kind: k.kind}]; known {
			spec = "." + strings.Join(append(append([]string{}, path...), "spec"), ".")
		}
		for _, place := range places {
			c.judged[k] = append(c.judged[k], func(path string) bool { return verdict.Speaks(spec+place, path) })
		}
	}
	for _, f := range r.Findings {
		k := keyOfObject(f.Object)
		c.judged[k] = append(c.judged[k], func(path string) bool { return path == "" })
	}
	c.take(r.Findings, r.Incomplete)
}

// aboutSecurity says whether comparers of meaning have spoken of all that a
// side has in a part of a securityContext that the other side lacks.
func (c *comparison) aboutSecurity(k key, d typediff.Difference) bool {
	path, whole := d.String(), d.From
	if d.From == nil {
		whole = d.To
	} else if d.To != nil {
		return false
	}
	for _, part := range []string{".securityContext", ".capabilities", ".seLinuxOptions", ".windowsOptions"} {
		if strings.HasSuffix(path, part) {
			return c.allSpoken(k, path, whole)
		}
	}
	return false
}

func (c *comparison) allSpoken(k key, path string, value any) bool {
	fields, isMap := value.(map[string]any)
	if c.spoken(k, path) || !isMap || len(fields) == 0 {
		return c.spoken(k, path)
	}
	for name, inner := range fields {
		if !c.allSpoken(k, path+"."+name, inner) {
			return false
		}
	}
	return true
}
