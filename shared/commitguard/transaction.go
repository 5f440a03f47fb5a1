package commitguard

import (
	"context"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
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
	if err != nil {
		return nil, err
	}
	for _, one := range groups {
		if err := g.enter(ctx, one, verdict); err != nil {
			return nil, err
		}
	}
	return verdict, nil
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
	var all []group
	for _, u := range updates {
		if !u.isBranch() || !u.moves() {
			continue
		}
		anchor, err := g.settle(ctx, &u)
		if err != nil {
			return nil, err
		}
		all = into(all, anchor, u)
	}
	return all, nil
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

// settle finds what the branch is now: git gives no old id where the caller
// did not care for it.
func (g *Guard) settle(ctx context.Context, u *update) (anchor string, err error) {
	if u.old == "" {
		if u.old, err = g.Repo.Lookup(ctx, u.ref); err != nil {
			return "", err
		}
	}
	if u.old != "" {
		return u.old, nil
	}
	return g.Repo.Lookup(ctx, "HEAD")
}

// enter judges what the updates of one group bring into the branches.
func (g *Guard) enter(ctx context.Context, one group, verdict *Verdict) error {
	new, err := g.brought(ctx, one)
	if err != nil {
		return err
	}
	how := look(stagedscan.Commits)
	if new.single && g.Receipts.Holds(one.anchor, new.changes) {
		how = stagedscan.Messages // pre-commit has read the rest
	}
	if err := g.scan(ctx, new.commits, one, how, verdict); err != nil || new.unasked {
		return err
	}
	return g.signed(ctx, one, []string{"--remotes"}, verdict)
}

// brought is what a group of updates would bring into the branches.
type brought struct {
	commits []string           // that no branch has
	single  bool               // it is one commit, at the tip of one branch
	changes []gitchange.Change // of the one update against the anchor
	unasked bool               // one commit, and nothing that asks for signatures
}

// brought asks git several things at the same time: most transactions are of
// one commit, and a person waits for it.
func (g *Guard) brought(ctx context.Context, one group) (*brought, error) {
	b := &brought{}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) {
		b.commits, err = g.Repo.Reach(ctx, one.tips(), nil, "--branches", "--remotes")
		return err
	})
	if len(one.updates) == 1 {
		tip := one.updates[0].new
		work.Go(func() (err error) {
			b.changes, err = g.changed(ctx, one.anchor, tip)
			return err
		})
		work.Go(func() (err error) {
			b.unasked, err = g.unasked(ctx, one.anchor, tip)
			return err
		})
	}
	err := work.Wait()
	b.single = len(one.updates) == 1 && len(b.commits) == 1 && b.commits[0] == one.updates[0].new
	b.unasked = b.unasked && (b.single || len(b.commits) == 0)
	return b, err
}

// changed lists what is against the anchor, as pre-commit saw it.
func (g *Guard) changed(ctx context.Context, anchor, tip string) ([]gitchange.Change, error) {
	switch {
	case g.Receipts == nil:
		return nil, nil
	case anchor == "":
		return g.Repo.Tree(ctx, tip)
	}
	return g.Repo.Between(ctx, anchor, tip)
}

type look func(ctx context.Context, repo *gitchange.Repo, ids []string, policyAt string) (*stagedscan.Report, error)

// scan looks at objects and at the names of new references.
func (g *Guard) scan(ctx context.Context, ids []string, one group, at look, verdict *Verdict) error {
	if len(ids) > 0 {
		report, err := at(ctx, g.Repo, ids, one.anchor)
		if err != nil {
			return err
		}
		verdict.add(report)
	}
	if names := one.names(); len(names) > 0 {
		report, err := stagedscan.RefNames(ctx, g.Repo, names, one.anchor)
		if err != nil {
			return err
		}
		verdict.add(report)
	}
	return nil
}
