package driftcheck

import (
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// added are the kinds that are not Kubernetes' own: those differ with the
// version of a server, and say nothing.
func added(kinds []clusterread.Listed) []string {
	list := []string{}
	for _, k := range kinds {
		if strings.Contains(k.Group, ".") && !strings.HasSuffix(k.Group, ".k8s.io") {
			list = append(list, k.Resource+"."+k.Group)
		}
	}
	return list
}

// kinds are findings for what only one of two servers has: a policy engine
// that one side lacks is a difference, even where it has no policy yet.
func (c *comparison) kinds() (findings []finding.Finding) {
	if c.from.Kinds == nil || c.to.Kinds == nil {
		return nil // files do not tell
	}
	for i, kinds := range [][]string{c.from.Kinds, c.to.Kinds} {
		others := [][]string{c.to.Kinds, c.from.Kinds}[i]
		for _, name := range kinds {
			if slices.Contains(others, name) {
				continue
			}
			says := [2]string{"does not serve it", "does not serve it"}
			says[i] = "serves it"
			findings = append(findings, finding.Finding{
				Control: ControlObject, Severity: finding.Warning, Direction: finding.Different,
				Object: finding.Object{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: name},
				From:   says[0], To: says[1], Explanation: "only " + c.names[i] + " has this kind",
			}.Identified("kind"))
		}
	}
	return findings
}
