package driftcheck

import (
	"maps"
	"slices"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
)

// vault compares Vault policies of one name. A side that has none at all says
// nothing about Vault: where the other has some, that is not compared.
func (c *comparison) vault() error {
	from, to := policies(c.from), policies(c.to)
	if len(from) == 0 && len(to) == 0 {
		return nil
	}
	for i, list := range [][]vaultacl.Policy{from, to} {
		if len(list) == 0 {
			c.take(nil, []string{"Vault policies: only " + c.names[1-i] + " has any; " + c.names[i] + " was read without Vault"})
			return nil
		}
	}
	result, err := vaultacl.Compare(from, to, vaultacl.Options{Names: c.names})
	if err != nil {
		return err
	}
	c.take(result.Findings, result.Incomplete)
	return nil
}

func policies(s Side) []vaultacl.Policy {
	var list []vaultacl.Policy
	for _, name := range slices.Sorted(maps.Keys(s.Policies)) {
		list = append(list, vaultacl.Policy{Name: name, Text: s.Policies[name]})
	}
	return list
}
