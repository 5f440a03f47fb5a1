package commitguard

import (
	"context"
	"io"
	"slices"
	"strings"

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

// enter judges what the updates of one group bring into the branches.
func (g *Guard) enter(ctx context.Context, one group, verdict *Verdict) error {
	work := &entry{Guard: g, group: one, changes: g.changes(ctx, one)}
	report, err := g.options().Through(ctx, g.Repo, one.anchor, func(l stagedscan.Look) error { return work.read(ctx, l) })
	_, _ = work.changes() // its child has ended, whatever came of the rest
	if err != nil {
		return err
	}
	if work.alone && len(report.Findings) > 0 {
		if report, err = g.unfetched(ctx, one, report); err != nil {
			return err
		}
	}
	verdict.Scan.Merge(report)
	verdict.Message = work.message
	if work.unasked {
		return nil
	}
	return g.signed(ctx, one, []string{"--remotes"}, verdict)
}

// entry is the work on one group.
type entry struct {
	*Guard
	group
	changes func() ([]gitchange.Change, error)
	alone   bool   // it is one commit on one branch
	message string // of that commit
	unasked bool   // nothing asks for signatures
}

// read scans what no branch has yet. A person waits for one commit: where
// pre-commit left a receipt for the very changes, only its text is new.
func (e *entry) read(ctx context.Context, l stagedscan.Look) error {
	if err := l.RefNames(ctx, e.names()); err != nil {
		return err
	}
	if err := e.single(l); err != nil {
		return err
	}
	if e.alone {
		if err := e.commit(ctx, l); err != nil {
			return err
		}
		return e.ask(l)
	}
	commits, err := e.Repo.Reach(ctx, e.tips(), nil, "--branches", "--remotes")
	if err != nil {
		return err
	}
	if err := l.Commits(ctx, commits); err != nil || len(commits) > 0 || len(e.updates) > 1 {
		return err
	}
	return e.ask(l)
}

func (e *entry) commit(ctx context.Context, l stagedscan.Look) error {
	list, err := e.changes()
	if err != nil {
		return err
	}
	if e.Receipts.Holds(e.anchor, list) {
		return l.Messages(ctx, e.tips())
	}
	return l.Commits(ctx, e.tips())
}

// unfetched leaves a report as it is, unless the one commit was fetched: what
// a remote has is no news.
func (g *Guard) unfetched(ctx context.Context, one group, report *stagedscan.Report) (*stagedscan.Report, error) {
	fresh, err := g.Repo.Reach(ctx, one.tips(), nil, "--branches", "--remotes")
	if err != nil || len(fresh) > 0 {
		return report, err
	}
	return g.options().Through(ctx, g.Repo, one.anchor, func(l stagedscan.Look) error { return l.RefNames(ctx, one.names()) })
}

// single finds out whether the group is one branch that gets one commit: the
// new tip builds on the old one and on nothing else, or replaces it. Then
// nobody has to ask git which commits are new.
func (e *entry) single(l stagedscan.Look) error {
	if len(e.updates) != 1 {
		return nil
	}
	tip, err := l.Commit(e.updates[0].new)
	if err != nil {
		return err
	}
	_, e.message, _ = strings.Cut(string(tip), "\n\n")
	parents := parentsOf(tip)
	switch old := e.updates[0].old; {
	case old == "":
		e.alone = len(parents) == 0
	case len(parents) == 1 && parents[0] == old:
		e.alone = true
	case len(parents) > 0:
		before, err := l.Commit(old)
		e.alone = slices.Equal(parents, parentsOf(before))
		return err
	}
	return nil
}

// parentsOf reads the headers of a raw commit: tree, parents, author.
func parentsOf(raw []byte) []string {
	var all []string
	for i, line := range strings.Split(string(raw), "\n") {
		id, ok := strings.CutPrefix(line, "parent ")
		if i > 0 && !ok {
			break
		}
		if ok {
			all = append(all, id)
		}
	}
	return all
}

// changes begins to list what a single update changes against the anchor, as
// pre-commit saw it.
func (g *Guard) changes(ctx context.Context, one group) func() ([]gitchange.Change, error) {
	var list []gitchange.Change
	var work errgroup.Group
	if len(one.updates) == 1 {
		work.Go(func() (err error) {
			if one.anchor == "" {
				list, err = g.Repo.Tree(ctx, one.updates[0].new)
			} else {
				list, err = g.Repo.Between(ctx, one.anchor, one.updates[0].new)
			}
			return err
		})
	}
	return func() ([]gitchange.Change, error) { err := work.Wait(); return list, err }
}
