package rbac

import (
	_ "embed" // the roles below
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// DefaultsVersion is the Kubernetes version whose default ClusterRoles
// WithDefaults knows.
const DefaultsVersion = "v1.35.4"

// defaultRoles is plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata/
// cluster-roles.yaml of Kubernetes (Apache-2.0), as it is.
//
//go:embed defaults.yaml
var defaultRoles []byte

// WithDefaults adds the ClusterRoles that every cluster has (cluster-admin,
// admin, edit, view, system:...) where the side lacks them: a folder of
// manifests may bind them without holding them. An error would be a fault of
// this program.
func WithDefaults(side Side) (Side, error) {
	var list rbacv1.ClusterRoleList
	if err := yaml.Unmarshal(defaultRoles, &list); err != nil {
		return Side{}, fault.Unable("reading the default ClusterRoles of Kubernetes %s: %w", DefaultsVersion, err)
	}
	side.ClusterRoles = slices.Clone(side.ClusterRoles)
	for i := range list.Items {
		role := &list.Items[i]
		if !slices.ContainsFunc(side.ClusterRoles, func(r *rbacv1.ClusterRole) bool { return r.Name == role.Name }) {
			side.ClusterRoles = append(side.ClusterRoles, role)
		}
	}
	return side, nil
}
