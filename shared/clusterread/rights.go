package clusterread

import (
	"cmp"
	"context"
	"slices"
)

// Right is one kind that Read lists.
type Right struct {
	Group      string // "" is the core group
	Resource   string
	Namespaced bool // it is listed in the namespaces of the Source, else once
}

// Rights are the kinds that Read would list there now, sorted, and the API
// groups that did not say what they serve. Beside them Read gets the
// namespaces by name, and asks what every user may ask: versions and API
// groups. The errors are those of Read.
func Rights(ctx context.Context, s Source) (list []Right, incomplete []string, err error) {
	client, err := open(s)
	if err != nil {
		return nil, nil, err
	}
	if _, err := client.version(ctx); err != nil {
		return nil, nil, err
	}
	resources, incomplete, err := client.resources(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, one := range resources {
		list = append(list, Right{one.Group, one.Resource, one.namespaced})
	}
	slices.SortFunc(list, func(a, b Right) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource))
	})
	return slices.Compact(list), incomplete, nil
}
