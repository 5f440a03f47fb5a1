package commitguard

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

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
	unasked bool   // nothing asks for signatures, or what does was answered
}

// read scans what no branch has yet. A person waits for one commit: where
// pre-commit left a receipt for the very changes, only its text is new.
func (e *entry) read(ctx context.Context, l stagedscan.Look) error {
	if err := l.RefNames(ctx, e.names()); err != nil {
		return err
	}
	err := e.single(l)
	if err != nil {
		return err
	}
	if e.alone {
		if err := e.commit(ctx, l); err != nil {
			return err
		}
		if err := e.ask(l); err != nil || e.unasked {
			return err
		}
		e.unasked, err = e.aloneSigned(ctx, l)
		return err
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
