package commitguard

import (
	"context"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// enter judges what the updates of one group bring into the branches.
func (g *Guard) enter(ctx context.Context, one group, verdict *Verdict) error {
	work := &entry{Guard: g, group: one}
	report, err := g.options().Through(ctx, g.Repo, one.anchor, func(l stagedscan.Look) error { return work.read(ctx, l) })
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
	if e.Receipts != nil {
		// Trees that cannot be compared here have no receipt, and are looked at by git.
		list, err := l.Objects().Between(e.anchor, e.updates[0].new)
		if err == nil && e.Receipts.Holds(e.anchor, list) {
			return l.Messages(ctx, e.tips())
		}
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
