package changegate

import (
	"context"
	"fmt"
	"slices"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitrepo"
)

// trust is who may sign, as it develops along the branch. A signature counts
// only if every list in lists admits it: there is more than one after a merge
// that dropped what the merged side had changed in the list, such as a removal.
type trust struct {
	lists []list
	// tainted is the change of the list that nobody trusted signed; "" if none.
	tainted string
	changes int // of the list, all signed
}

// list is one state of the allowed-signers file.
type list struct {
	content string // mode and blob id, "" for no file
	at      string // the commit it was read from
}

// chain follows the list along the first-parent line up to, but without, HEAD.
//
// It is a fold: a commit that changes the list must be signed by somebody
// trusted so far; then its list is the trusted one. A change that is not so
// signed taints the line until the list is put back, or a trusted signer
// changes it again in the open.
func (q *inquiry) chain(ctx context.Context) (*trust, error) {
	line, t, err := q.start(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Backward(line) { // the oldest first
		if c.ID == q.head.ID {
			break
		}
		if err := q.step(ctx, t, c); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// start finds the line to follow and the list that trust begins with. When
// the last deployed commit is not on the line (HEAD is older, or a merge put
// the branch on its second side), the whole line is followed, and judged by
// the deployed list.
func (q *inquiry) start(ctx context.Context) ([]gitrepo.Commit, *trust, error) {
	last := q.policy.LastDeployed
	line, found, err := q.repo.FirstParents(ctx, q.head.ID, last)
	if err != nil || last == "" {
		return line, &trust{}, err
	}
	deployed, err := q.readList(ctx, last)
	if err != nil {
		return nil, nil, err
	}
	if !found {
		if found, err = q.related(ctx, last); err != nil {
			return nil, nil, err
		}
	}
	if !found {
		return nil, nil, fault.No("HEAD %s and the last deployed commit %s do not descend from one another: the branch was rewritten", q.head.Short(), short(last)).
			Hint("deploy from a commit that follows %s", short(last))
	}
	if deployed.content == "" {
		return nil, nil, fault.No("the last deployed commit %s has no %s", short(last), q.policy.AllowedSigners).
			Hint("keep the list where it was when you last deployed: in a new place trust would begin anew")
	}
	return line, &trust{lists: []list{deployed}}, nil
}

// related says whether HEAD follows the last deployed commit off its
// first-parent line, or is older than it.
func (q *inquiry) related(ctx context.Context, last string) (bool, error) {
	if after, err := q.repo.IsAncestor(ctx, last, q.head.ID); after || err != nil {
		return after, err
	}
	return q.repo.IsAncestor(ctx, q.head.ID, last)
}

// step takes one commit of the line into account.
func (q *inquiry) step(ctx context.Context, t *trust, c gitrepo.Commit) error {
	before, err := q.parentList(ctx, c)
	if err != nil {
		return err
	}
	after, err := q.readList(ctx, c.ID)
	if err != nil {
		return err
	}
	if err := q.merged(ctx, t, c, before, after); err != nil {
		return err
	}
	if after.content == before.content {
		return nil
	}
	return q.change(ctx, t, c, after)
}

// change judges a commit that changes the list.
func (q *inquiry) change(ctx context.Context, t *trust, c gitrepo.Commit, after list) error {
	if len(t.lists) == 1 && t.lists[0].content == after.content {
		t.tainted = "" // put back as it was
		return nil
	}
	_, err := q.parse(ctx, after) // a list that nobody can read would admit nobody, for ever
	if err == nil {
		judges := t.lists
		if len(judges) == 0 {
			judges = []list{after} // trust begins here
		}
		_, err = q.verify(ctx, c, judges)
	}
	if no, refused := refusal(err); refused {
		t.tainted = fmt.Sprintf("commit %s changed %s, but %s", c.Short(), q.policy.AllowedSigners, no.Text)
		return nil
	}
	if err != nil {
		return err
	}
	if len(t.lists) == 0 {
		q.note("allowed signers", map[string]string{"commit": c.ID},
			"trust begins with commit %s, which brings the list and is signed by somebody on it", c.Short())
	}
	t.lists, t.tainted = []list{after}, ""
	t.changes++
	return nil
}

// merged looks at the other parents of a merge. A side that changed the list
// since the histories parted, and whose list the merge did not take over,
// counts as well from here on: else a merge could bring back who was removed.
func (q *inquiry) merged(ctx context.Context, t *trust, c gitrepo.Commit, before, after list) error {
	for _, p := range c.Parents[min(1, len(c.Parents)):] {
		side, err := q.readList(ctx, p)
		if err != nil {
			return err
		}
		same := func(l list) bool { return l.content == side.content }
		if side.content == "" || same(before) || same(after) || slices.ContainsFunc(t.lists, same) {
			continue
		}
		changed, err := q.changedSince(ctx, c.Parents[0], p, side)
		if err != nil {
			return err
		}
		if changed {
			t.lists = append(t.lists, side)
		}
	}
	return nil
}

// changedSince says whether side's list differs from the one that both sides
// last had in common.
func (q *inquiry) changedSince(ctx context.Context, main, side string, now list) (bool, error) {
	bases, err := q.repo.MergeBases(ctx, main, side)
	if err != nil || len(bases) == 0 {
		return true, err
	}
	for _, b := range bases {
		then, err := q.readList(ctx, b)
		if err != nil || then.content != now.content {
			return true, err
		}
	}
	return false, nil
}
