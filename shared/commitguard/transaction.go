package commitguard

import (
	"context"
	"io"
	"strings"
)

// Transaction judges the branches that a transaction of references would
// move: `reference-transaction STATE`, with lines `OLD NEW REF` on its stdin.
// Only the state "prepared" can be refused.
//
// Looked at are the commits that no branch and no remote-tracking branch has
// yet. A remote-tracking branch is what git fetched; who forges one is caught
// by pre-push, which does not believe it.
func (g *Guard) Transaction(ctx context.Context, state string, in io.Reader) (*Verdict, error) {
	verdict := &Verdict{}
	if state != "prepared" {
		return verdict, nil
	}
	updates, err := readUpdates(in, 3, transactionLine)
	if err != nil {
		return nil, err
	}
	groups, err := g.groups(ctx, updates)
	if err != nil || len(groups) == 0 {
		return verdict, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop() // ends the child on an error
	work := *g
	if work.objects, err = g.Repo.Objects(ctx); err != nil {
		return nil, err
	}
	for _, one := range groups {
		if err := work.enter(ctx, one, verdict); err != nil {
			stop()
			_ = work.objects.Close() // the error at hand says more
			return nil, err
		}
	}
	return verdict, work.objects.Close()
}

// group is updates that are judged by the policy of one commit.
type group struct {
	anchor  string // the commit whose policy counts; "" before the first one
	updates []update
}

func (g group) tips() []string {
	var all []string
	for _, u := range g.updates {
		all = append(all, u.new)
	}
	return all
}

// names lists the references that are made anew.
func (g group) names() []string {
	var all []string
	for _, u := range g.updates {
		if u.old == "" {
			all = append(all, u.ref)
		}
	}
	return all
}

// groups puts the branches that move together by their anchor: what the
// branch was, or HEAD for a new branch.
func (g *Guard) groups(ctx context.Context, updates []update) ([]group, error) {
	var moving []update
	for _, u := range updates {
		if !u.isBranch() || !u.moves() {
			continue
		}
		if err := g.follow(ctx, &u); err != nil {
			return nil, err
		}
		moving = append(moving, u)
	}
	head, err := g.settle(ctx, moving)
	if err != nil {
		return nil, err
	}
	var all []group
	for _, u := range moving {
		switch {
		case !u.moves():
		case u.old != "":
			all = into(all, u.old, u)
		default:
			all = into(all, head, u)
		}
	}
	return all, nil
}

// follow takes a branch that will name another reference for what that one is.
func (g *Guard) follow(ctx context.Context, u *update) (err error) {
	if strings.HasPrefix(u.old, symbolic) {
		u.old = "" // settle finds it
	}
	if target, ok := strings.CutPrefix(u.new, symbolic); ok {
		if u.new, err = g.Repo.Lookup(ctx, target); err != nil {
			return err
		}
	}
	return u.check()
}

// settle finds what the branches are now: git gives no old id where its caller
// did not care. head is HEAD's commit if a branch is new, else not needed.
func (g *Guard) settle(ctx context.Context, moving []update) (head string, err error) {
	var names []string
	for _, u := range moving {
		if u.old == "" {
			names = append(names, u.ref)
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	now, err := g.Repo.Values(ctx, names)
	if err != nil {
		return "", err
	}
	fresh := false
	for i := range moving {
		if moving[i].old == "" {
			moving[i].old = now[moving[i].ref]
		}
		fresh = fresh || moving[i].old == ""
	}
	if !fresh {
		return "", nil
	}
	return g.Repo.Lookup(ctx, "HEAD")
}

func into(all []group, anchor string, u update) []group {
	for i := range all {
		if all[i].anchor == anchor {
			all[i].updates = append(all[i].updates, u)
			return all
		}
	}
	return append(all, group{anchor: anchor, updates: []update{u}})
}
