package driftcheck

import (
	"encoding/json"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"

	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/vaultread"
)

// VaultAuth is who may log in to a side's Vault. It holds no secret. Its JSON
// is that of snapshots; a role or mount in a folder is a manifest whose spec is
// the same:
//
//	{apiVersion: clawql.io/v1alpha1, kind: VaultAuthMount, metadata: {name: ...},
//	 spec: {path: kubernetes, type: kubernetes, config: {...}, tune: {...}}}
//	{apiVersion: clawql.io/v1alpha1, kind: VaultAuthRole, metadata: {name: ...},
//	 spec: {mount: kubernetes, name: gateway, fields: {...}}}
type VaultAuth struct {
	Mounts     []vaultauth.Mount
	Roles      []vaultauth.Role
	Identities []vaultread.Identity // groups and entities that add policies
	Unread     []string             // of it and of the policies, as vaultread names it
}

type mountSpec struct {
	Path   string         `json:"path"`
	Type   string         `json:"type"`
	Config map[string]any `json:"config,omitempty"`
	Tune   map[string]any `json:"tune,omitempty"`
}

type roleSpec struct {
	Mount  string         `json:"mount"`
	Name   string         `json:"name"`
	Fields map[string]any `json:"fields,omitempty"`
}

type authSpec struct {
	Mounts []mountSpec `json:"mounts"`
	Roles  []roleSpec  `json:"roles"`

	Identities []vaultread.Identity `json:"identities,omitempty"`
	Unread     []string             `json:"unread,omitempty"`
}

// MarshalJSON refuses what holds a secret.
func (v VaultAuth) MarshalJSON() ([]byte, error) {
	all := authSpec{Mounts: make([]mountSpec, len(v.Mounts)), Roles: make([]roleSpec, len(v.Roles)), Identities: v.Identities, Unread: v.Unread}
	for i, m := range v.Mounts {
		all.Mounts[i] = mountSpec(m)
	}
	for i, r := range v.Roles {
		all.Roles[i] = roleSpec(r)
	}
	if err := v.bare(); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads whole numbers as whole ones, and refuses what it does not
// know, and what holds a secret.
func (v *VaultAuth) UnmarshalJSON(text []byte) error {
	var all authSpec
	if err := strictly(text, &all); err != nil {
		return err
	}
	*v = VaultAuth{Identities: all.Identities, Unread: all.Unread}
	for _, m := range all.Mounts {
		v.Mounts = append(v.Mounts, vaultauth.Mount(m))
	}
	for _, r := range all.Roles {
		v.Roles = append(v.Roles, vaultauth.Role(r))
	}
	return v.bare()
}

func strictly(text []byte, into any) error {
	strict, err := kjson.UnmarshalStrict(text, into)
	if err != nil || len(strict) > 0 {
		return fault.Unable("it has fields that are not known, or of another type")
	}
	return nil
}

// bare is an error for what holds a secret.
func (v VaultAuth) bare() error {
	for _, m := range v.Mounts {
		if hasSecret(m.Config) || hasSecret(m.Tune) {
			return fault.Unable("%s %s holds a secret", vaultauth.KindMount, m.Path)
		}
	}
	for _, r := range v.Roles {
		if hasSecret(r.Fields) {
			return fault.Unable("%s %s/%s holds a secret", vaultauth.KindRole, r.Mount, r.Name)
		}
	}
	return nil
}

func hasSecret(fields map[string]any) bool {
	return fields != nil && !reflect.DeepEqual(vaultread.WithoutSecrets(fields), fields)
}

// ofVault says whether a manifest is a mount or a role of Vault.
func ofVault(o *unstructured.Unstructured) bool {
	return o.GetAPIVersion() == output.APIVersion && (o.GetKind() == vaultauth.KindMount || o.GetKind() == vaultauth.KindRole)
}

// manifest takes a mount or a role of a folder. What is secret in it is not
// kept.
func (s *Side) manifest(o *unstructured.Unstructured, file string) error {
	if s.Auth == nil {
		s.Auth = &VaultAuth{}
	}
	about, err := s.Auth.add(o)
	if err != nil {
		return fault.Unable("read manifests: %s: %s %s: %w", file, o.GetKind(), o.GetName(), err).
			Hint("%s has spec {path, type, config, tune}, %s has spec {mount, name, fields}", vaultauth.KindMount, vaultauth.KindRole)
	}
	s.Files[about] = file
	return nil
}

// add reads one manifest, and names it as findings do.
func (v *VaultAuth) add(o *unstructured.Unstructured) (about finding.Object, err error) {
	for field := range o.Object {
		if field != "apiVersion" && field != "kind" && field != "metadata" && field != "spec" {
			return about, fault.Unable("it has a field that is not known: %s", field)
		}
	}
	text, err := json.Marshal(o.Object["spec"])
	if err != nil {
		return about, err
	}
	if o.GetKind() == vaultauth.KindMount {
		var spec mountSpec
		if err := strictly(text, &spec); err != nil || spec.Path == "" || spec.Type == "" {
			return about, fault.Unable("its spec lacks path or type, or has something else")
		}
		spec.Config, spec.Tune = vaultread.WithoutSecrets(spec.Config), vaultread.WithoutSecrets(spec.Tune)
		v.Mounts = append(v.Mounts, vaultauth.Mount(spec))
		return vaultauth.Mount(spec).Object(), nil
	}
	var spec roleSpec
	if err := strictly(text, &spec); err != nil || spec.Mount == "" || spec.Name == "" {
		return about, fault.Unable("its spec lacks mount or name, or has something else")
	}
	spec.Fields = vaultread.WithoutSecrets(spec.Fields)
	v.Roles = append(v.Roles, vaultauth.Role(spec))
	return vaultauth.Role(spec).Object(), nil
}
