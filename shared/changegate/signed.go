package changegate

import (
	"context"
	"fmt"
	"slices"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// signed asks whether HEAD is signed by somebody who was trusted before it.
func (q *inquiry) signed(ctx context.Context) error {
	err := q.judgeHead(ctx)
	if err != nil && fault.Code(err) == fault.CodeNo {
		q.note("signature", nil, "%s", err)
		q.fail(err.Error(), fault.Hints(err)...)
		return nil
	}
	return err
}

func (q *inquiry) judgeHead(ctx context.Context) error {
	t, err := q.chain(ctx)
	if err != nil {
		return err
	}
	tainted := t.tainted
	if err := q.mergedHead(ctx, t); err != nil {
		return err
	}
	judges, err := q.judges(ctx, t)
	if err != nil {
		return err
	}
	s, err := q.verify(ctx, q.head, judges)
	if no, refused := refusal(err); refused {
		q.refused(t, no.Text, no.Hints)
		return nil
	}
	if err != nil {
		return err
	}
	if err := q.step(ctx, t, q.head); err != nil {
		return err
	}
	if t.tainted != "" {
		q.taintedBy(t)
		return nil
	}
	q.signer = s
	q.note("signature", map[string]string{"fingerprint": s.Fingerprint, "keyType": s.KeyType, "committer": s.Committer},
		"HEAD %s is signed by %s with %s, line %d of %s as of %s", q.head.Short(), s.Committer, keyText(s), s.Line, q.policy.AllowedSigners, short(judges[len(judges)-1].at))
	q.noteChain(t, tainted)
	return nil
}

// mergedHead looks at HEAD's other parents before HEAD is judged, so that a
// merge cannot drop the removal of its own signer.
func (q *inquiry) mergedHead(ctx context.Context, t *trust) error {
	before, err := q.parentList(ctx, q.head)
	if err != nil {
		return err
	}
	after, err := q.readList(ctx, q.head.ID)
	if err != nil {
		return err
	}
	return q.merged(ctx, t, q.head, before, after)
}

// judges are the lists that must admit HEAD's signer: those of the chain, and
// the one of HEAD's first parent. HEAD's own list counts only where no list
// was ever before it. When HEAD is what was last deployed, its first parent's
// list was trusted then, and it alone says who signed.
func (q *inquiry) judges(ctx context.Context, t *trust) ([]list, error) {
	before, err := q.parentList(ctx, q.head)
	if err != nil {
		return nil, err
	}
	again := q.head.ID == q.policy.LastDeployed
	switch {
	case again && before.content != "":
		return []list{before}, nil
	case again || len(t.lists) == 0:
		own, err := q.readList(ctx, q.head.ID)
		return []list{own}, err
	}
	all := slices.Clone(t.lists)
	known := slices.ContainsFunc(all, func(l list) bool { return l.content == before.content })
	if t.tainted == "" && !known {
		all = append(all, before)
	}
	return all, nil
}

func (q *inquiry) refused(t *trust, text string, hints []string) {
	q.note("signature", nil, "HEAD %s: %s", q.head.Short(), text)
	q.fail(fmt.Sprintf("HEAD %s does not count: %s", q.head.Short(), text), hints...)
	if t.tainted != "" {
		q.taintedBy(t)
	}
}

// taintedBy records that the list was changed by somebody who may not.
func (q *inquiry) taintedBy(t *trust) {
	q.note("allowed signers", nil, "%s", t.tainted)
	hint := "put the list back as it was, or change it in a commit signed by somebody who was on it before"
	if len(t.lists) == 0 {
		hint = "trust has not begun: change the list (a comment line will do) in a commit signed by somebody on it"
	}
	q.fail(t.tainted, hint)
}

func (q *inquiry) noteChain(t *trust, healed string) {
	since := "the first commit"
	if q.policy.LastDeployed != "" {
		since = "the last deployed commit " + short(q.policy.LastDeployed)
	}
	changes := "1 change"
	if t.changes != 1 {
		changes = fmt.Sprintf("%d changes", t.changes)
	}
	q.note("allowed signers", nil, "%s of %s since %s, each signed by somebody on it before", changes, q.policy.AllowedSigners, since)
	if healed != "" {
		q.note("allowed signers", nil, "%s; HEAD puts that right", healed)
	}
}
