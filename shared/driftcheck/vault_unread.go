package driftcheck

import (
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/vaultread"
)

// unread is what could not be read of a side's Vault. It is listed as not
// compared, and taken out of both sides: it would look as if it were not there.
func (v vaultSide) unread() []string {
	if v.auth == nil {
		return nil
	}
	return v.auth.Unread
}

// neededByAll: without a policy nobody can say what a role's tokens may do.
func neededByAll(what string) bool {
	return what == vaultread.AllPolicies || what == vaultread.AllMounts || strings.HasPrefix(what, vaultread.UnreadPolicy(""))
}

// read is the side without what either lacks.
func (v vaultSide) read(lacking []string) vaultSide {
	if len(lacking) == 0 {
		return v
	}
	lacks := func(what string) bool { return slices.Contains(lacking, what) }
	v.policies = dropped(v.policies, func(p vaultacl.Policy) bool { return lacks(vaultread.UnreadPolicy(p.Name)) })
	if v.auth == nil {
		return v
	}
	v.auth = &VaultAuth{
		Mounts: dropped(v.auth.Mounts, func(m vaultauth.Mount) bool { return lacks(vaultread.UnreadMount(m.Path)) }),
		Roles: dropped(v.auth.Roles, func(r vaultauth.Role) bool {
			return lacks(vaultread.UnreadMount(r.Mount)) || lacks(vaultread.UnreadRole(r.Mount, r.Name))
		}),
		Identities: dropped(v.auth.Identities, func(i vaultread.Identity) bool {
			return lacks(vaultread.UnreadIdentity(i.Kind, "")) || lacks(vaultread.UnreadIdentity(i.Kind, i.Name))
		}),
	}
	return v
}

// dropped leaves the list itself as it is.
func dropped[T any](list []T, drop func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), drop)
}
