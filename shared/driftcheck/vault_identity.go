package driftcheck

import (
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/vaultread"
)

// Kinds of the objects of findings about identities.
var identityKinds = map[string]string{"group": "VaultIdentityGroup", "entity": "VaultIdentityEntity"}

// identities compares the groups and entities that add policies to a token, by
// name. Who belongs to them stands under names of one Vault only, so that it is
// not told which side lets more happen: such a difference is "different".
func (c *comparison) identities(from, to []vaultread.Identity) {
	for _, one := range from {
		c.identity(one.Kind, one.Name, find(from, one), find(to, one))
	}
	for _, one := range to {
		if find(from, one) == nil {
			c.identity(one.Kind, one.Name, nil, find(to, one))
		}
	}
}

func find(list []vaultread.Identity, like vaultread.Identity) *vaultread.Identity {
	at := slices.IndexFunc(list, func(one vaultread.Identity) bool { return one.Kind == like.Kind && one.Name == like.Name })
	if at < 0 {
		return nil
	}
	return &list[at]
}

func (c *comparison) identity(kind, name string, from, to *vaultread.Identity) {
	if from != nil && to != nil && slices.Equal(from.Policies, to.Policies) && from.Type == to.Type {
		return
	}
	c.take([]finding.Finding{finding.Finding{
		Control: vaultauth.Control, Severity: finding.High, Direction: finding.Different,
		Object: finding.Object{Kind: identityKinds[kind], Name: name}, From: gives(from), To: gives(to),
		Explanation: "what this " + kind + " adds to the tokens of whoever belongs to it differs; who belongs to it is not told",
	}.Identified("policies")}, nil)
}

func gives(one *vaultread.Identity) string {
	if one == nil {
		return "adds nothing"
	}
	text := "adds " + strings.Join(one.Policies, ", ")
	if one.Type != "" {
		text += " (" + one.Type + ")"
	}
	return text
}
