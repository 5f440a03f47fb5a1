package rbac

import (
	_ "embed" // the roles below
	"slices"
	"strings"
	"sync"

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
	list, err := readDefaults()
	if err != nil {
		return Side{}, err
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

func readDefaults() (list rbacv1.ClusterRoleList, err error) {
	if err = yaml.Unmarshal(defaultRoles, &list); err != nil {
		err = fault.Unable("reading the default ClusterRoles of Kubernetes %s: %w", DefaultsVersion, err)
	}
	return list, err
}

// defaultNames are those of the built-in ClusterRoles.
var defaultNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	list, _ := readDefaults() // none where they cannot be read: then nothing is passed over
	for i := range list.Items {
		names[list.Items[i].Name] = true
	}
	return names
})

// isDefault says whether a role is one of Kubernetes' own, as every API server
// makes them. The label alone anybody can set.
func isDefault(role *resolved, name string) bool {
	return role.bootstrapping && (strings.HasPrefix(name, "system:") || defaultNames()[name])
}
