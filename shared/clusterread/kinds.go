package clusterread

import (
	"cmp"
	"context"
	"slices"
)

// Listed is one kind that Read lists.
type Listed struct {
	Group      string // "" is the core group
	Resource   string
	Namespaced bool // it is listed in the namespaces of the Source, else once
}

// Kinds are the kinds that Read would list there now, sorted, and the API
// groups that did not say what they serve. Beside them Read gets the
// namespaces by name, and asks what every user may ask: versions and API
// groups. The errors are those of Read.
func Kinds(ctx context.Context, s Source) (list []Listed, incomplete []string, err error) {
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
	return listed(resources), incomplete, nil
}

func listed(resources []resource) (list []Listed) {
	for _, one := range resources {
		list = append(list, Listed{one.Group, one.Resource, one.namespaced})
	}
	slices.SortFunc(list, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource))
	})
	return slices.Compact(list)
}
