package vaultauth

import (
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control is the name under which findings of this package stand.
const Control = "VaultAuth"

// Kinds of the objects of findings, and of manifests. A mount's name is its
// path; a role's is MOUNT/NAME.
const (
	KindMount = "VaultAuthMount"
	KindRole  = "VaultAuthRole"
)

// Secret stands in fields where a reader left a secret out. Whether two are
// equal is not told.
const Secret = "[secret]"

// Mount is an auth method, as Vault has it.
type Mount struct {
	// Path is below auth/, without slashes at its ends: "kubernetes".
	Path string
	// Type of the method: kubernetes, approle, jwt, oidc, userpass, cert, ldap,
	// token.
	Type string
	// Config is `data` of `vault read -format=json auth/PATH/config`, without
	// secret fields; nil where the method has none.
	Config map[string]any
	// Tune is `data` of `vault read -format=json sys/auth/PATH/tune`.
	Tune map[string]any
}

// Role is who may log in at a mount, and what the token may then do.
type Role struct {
	// Mount is the Path of the mount.
	Mount string
	// Name within the mount: of a role, a user (userpass), a certificate (cert).
	// Of ldap, and of others that know both, it is users/NAME or groups/NAME.
	// Methods that store names in lower case know them by any case.
	Name string
	// Fields are `data` of `vault read -format=json auth/MOUNT/role/NAME` (or
	// roles/NAME, users/NAME, groups/NAME, certs/NAME), without secret fields.
	Fields map[string]any
}

// Side is all that decides who may log in, and as what. A policy that is not
// in it grants nothing; the policy default that Vault ships stands where there
// is none. Without any policy (every Vault has some) they are not known, and
// what roles grant by other names makes the result incomplete.
type Side struct {
	Mounts   []Mount
	Roles    []Role
	Policies []vaultacl.Policy
}

// Options are what a comparison needs to know besides the sides.
type Options struct {
	// Names of the sides in texts, "from" and "to" by default.
	Names [2]string
	// Namespaces of Kubernetes: those of `from` by their name in `to`. Service
	// accounts are compared under the names of `to`.
	Namespaces map[string]string
}

func (o Options) filled() Options {
	if o.Names == [2]string{} {
		o.Names = [2]string{"from", "to"}
	}
	return o
}

// Object of findings about the mount.
func (m Mount) Object() finding.Object { return finding.Object{Kind: KindMount, Name: m.Path} }

// Object of findings about the role.
func (r Role) Object() finding.Object {
	return finding.Object{Kind: KindRole, Name: r.Mount + "/" + r.Name}
}

// indexed is a side by names.
type indexed struct {
	mounts map[string]Mount
	roles  map[string]Role // by MOUNT/NAME
}

// index refuses what is there twice, has no name, or belongs to no mount.
func (s Side) index(name string) (*indexed, error) {
	x := &indexed{mounts: map[string]Mount{}, roles: map[string]Role{}}
	for _, m := range s.Mounts {
		if _, twice := x.mounts[m.Path]; twice || m.Path == "" || m.Path != strings.Trim(m.Path, "/") {
			return nil, fault.Unable("comparing Vault auth methods: mount %q of side %s: its path must be there once, without slashes at its ends", m.Path, name)
		}
		m.Type = sameType(m.Type)
		x.mounts[m.Path] = m
	}
	for _, r := range s.Roles {
		if folds(x.mounts[r.Mount].Type) {
			r.Name = strings.ToLower(r.Name)
		}
		key := r.Object().Name
		if _, twice := x.roles[key]; twice || r.Name == "" {
			return nil, fault.Unable("comparing Vault auth methods: role %q of side %s is there twice, or has no name", key, name)
		}
		if _, known := x.mounts[r.Mount]; !known {
			return nil, fault.Unable("comparing Vault auth methods: role %q of side %s: there is no mount %q, but %s", key, name, r.Mount, strings.Join(slices.Sorted(maps.Keys(x.mounts)), ", "))
		}
		x.roles[key] = r
	}
	return x, nil
}

// sameName: the methods that store names in lower case know a role by either.
func sameName(kind, a, b string) bool {
	return a == b || folds(kind) && strings.EqualFold(a, b)
}

func folds(kind string) bool {
	return kind == "kubernetes" || kind == "jwt" || kind == "approle" || kind == "userpass" || kind == "cert"
}
