package driftcheck

import (
	"maps"
	"slices"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/vaultread"
)

// vault compares what two Vaults let happen: the policies of one name, and who
// may log in and gets which of them. A side that says nothing about Vault is
// not compared with one that does; where neither says anything, a note does.
func (c *comparison) vault() error {
	from, to := vaultOf(c.from), vaultOf(c.to)
	switch {
	case !from.named() && !to.named():
		c.note("Vault: not named, not compared")
		return nil
	case !to.named():
		c.lacks("Vault policies and auth methods", 1)
		return nil
	case !from.named():
		c.lacks("Vault policies and auth methods", 0)
		return nil
	}
	lacking := slices.Concat(from.unread(), to.unread())
	if !slices.Contains(lacking, vaultread.AllPolicies) {
		if err := c.vaultPolicies(from.read(lacking), to.read(lacking)); err != nil {
			return err
		}
	}
	return c.vaultAuth(from, to, lacking)
}

// lacks says of what only the other side has something.
func (c *comparison) lacks(what string, side int) {
	c.take(nil, []string{what + ": only " + c.names[1-side] + " has any; " + c.names[side] + " was read without Vault"})
}

func (c *comparison) note(text string) { c.report.Notes = append(c.report.Notes, text) }

func (c *comparison) vaultPolicies(from, to vaultSide) error {
	switch {
	case len(from.policies) == 0 && len(to.policies) == 0:
		return nil
	case len(from.policies) == 0:
		c.lacks("Vault policies", 0)
		return nil
	case len(to.policies) == 0:
		c.lacks("Vault policies", 1)
		return nil
	}
	result, err := vaultacl.Compare(from.policies, to.policies, vaultacl.Options{Names: c.names})
	if err != nil {
		return err
	}
	c.take(result.Findings, result.Incomplete)
	return nil
}

func (c *comparison) vaultAuth(from, to vaultSide, lacking []string) error {
	switch {
	case from.auth == nil && to.auth == nil:
		c.note("Vault auth methods: not named, not compared")
		return nil
	case from.auth == nil:
		c.lacks("Vault auth methods", 0)
		return nil
	case to.auth == nil:
		c.lacks("Vault auth methods", 1)
		return nil
	}
	if slices.ContainsFunc(lacking, neededByAll) {
		c.take(nil, []string{"Vault auth methods: not compared, since not all policies and methods were read"})
		return nil
	}
	from, to = from.read(lacking), to.read(lacking)
	c.identities(from.auth.Identities, to.auth.Identities)
	result, err := vaultauth.Compare(from.whole(), to.whole(), vaultauth.Options{Names: c.names, Namespaces: c.o.Namespaces})
	if err != nil {
		return err
	}
	c.take(result.Findings, result.Incomplete)
	return nil
}

// vaultSide is what a side says about Vault.
type vaultSide struct {
	policies []vaultacl.Policy
	auth     *VaultAuth
}

func vaultOf(s Side) (v vaultSide) {
	for _, name := range slices.Sorted(maps.Keys(s.Policies)) {
		v.policies = append(v.policies, vaultacl.Policy{Name: name, Text: s.Policies[name]})
	}
	v.auth = s.Auth
	return v
}

func (v vaultSide) named() bool { return len(v.policies) > 0 || v.auth != nil }

// size is how many policies, methods and roles there are.
func (v vaultSide) size() int {
	if v.auth == nil {
		return len(v.policies)
	}
	return len(v.policies) + len(v.auth.Mounts) + len(v.auth.Roles) + len(v.auth.Identities)
}

func (v vaultSide) whole() vaultauth.Side {
	return vaultauth.Side{Mounts: v.auth.Mounts, Roles: v.auth.Roles, Policies: v.policies}
}
