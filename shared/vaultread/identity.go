package vaultread

import (
	"cmp"
	"context"
	"slices"
)

// Identity is a group or an entity that adds policies to the tokens of whoever
// belongs to it, whatever the role says. Those that add none are left out.
type Identity struct {
	Kind     string   `json:"kind"` // group or entity
	Name     string   `json:"name"`
	Policies []string `json:"policies"` // sorted
	Type     string   `json:"type,omitempty"`
}

// identities are the jobs that read groups and entities.
func (r *reader) identities(ctx context.Context) (jobs []func(context.Context) error, err error) {
	for _, kind := range []string{"group", "entity"} {
		at := "identity/" + kind + "/name"
		names, err := r.names(ctx, at, UnreadIdentity(kind, ""))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			jobs = append(jobs, func(ctx context.Context) error { return r.identity(ctx, Identity{Kind: kind, Name: name}, at+"/"+name) })
		}
	}
	return jobs, nil
}

func (r *reader) identity(ctx context.Context, one Identity, at string) error {
	data, err := r.get(ctx, at, false)
	if data == nil {
		return r.missed(at, err, UnreadIdentity(one.Kind, one.Name))
	}
	one.Type, _ = data["type"].(string)
	list, _ := data["policies"].([]any)
	for _, item := range list {
		if policy, is := item.(string); is {
			one.Policies = append(one.Policies, policy)
		}
	}
	if len(one.Policies) < len(list) {
		return r.missed(at, unread("its policies are no texts"), UnreadIdentity(one.Kind, one.Name))
	}
	if len(list) == 0 {
		return nil
	}
	slices.Sort(one.Policies)
	r.lock.Lock()
	defer r.lock.Unlock()
	r.reading.Identities = append(r.reading.Identities, one)
	return nil
}

func compareIdentities(a, b Identity) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}
