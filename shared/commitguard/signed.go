package commitguard

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/commitverify"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// signed judges the signatures of what the updates of a group bring to their
// references. It leaves out what the reference itself has, and what the refs
// that except names have: what another branch has was let in under that
// branch's rules.
func (g *Guard) signed(ctx context.Context, one group, except []string, verdict *Verdict) error {
	byOld := map[string][]update{}
	for _, u := range one.updates {
		if asksSignatures(u.ref) {
			byOld[u.old] = append(byOld[u.old], u)
		}
	}
	for _, old := range slices.Sorted(maps.Keys(byOld)) {
		if err := g.together(ctx, one.anchor, byOld[old], except, verdict); err != nil {
			return err
		}
	}
	return nil
}

// together judges updates of one anchor and one old value at once, however many
// there are: as if each commit entered all of the branches. Where that refuses,
// each half is judged by itself, down to one update; the first that is refused
// is told, and the rest is not looked at, since nothing of it may enter either.
func (g *Guard) together(ctx context.Context, anchor string, all []update, except []string, verdict *Verdict) error {
	var some Verdict
	if _, err := g.verify(ctx, g.entering(anchor, all, except), &some); err != nil {
		return err
	}
	if len(some.Signatures) == 0 || len(all) == 1 {
		verdict.Signatures = append(verdict.Signatures, some.Signatures...)
		return nil
	}
	before := len(verdict.Signatures)
	for _, half := range [][]update{all[:len(all)/2], all[len(all)/2:]} {
		if err := g.together(ctx, anchor, half, except, verdict); err != nil || len(verdict.Signatures) > before {
			return err
		}
	}
	return nil
}

func (g *Guard) entering(anchor string, all []update, except []string) commitverify.Options {
	slices.SortStableFunc(all, func(a, b update) int { return strings.Compare(a.ref, b.ref) }) // rules are about beginnings of names
	o := commitverify.Options{Ref: all[0].ref, Anchor: anchor, Now: g.Now}
	for i, u := range all {
		if i > 0 {
			o.Also = append(o.Also, u.ref)
		}
		o.Revisions = append(o.Revisions, u.new)
	}
	slices.Sort(o.Revisions)
	o.Revisions = slices.Compact(o.Revisions)
	if all[0].old != "" {
		o.Revisions = append(o.Revisions, "^"+all[0].old)
	}
	if len(except) > 0 {
		o.Revisions = append(append(o.Revisions, "--not"), except...)
	}
	return o
}

// verify adds what is refused to the verdict; asked says that the policy asks
// for signatures.
func (g *Guard) verify(ctx context.Context, o commitverify.Options, verdict *Verdict) (asked bool, err error) {
	report, err := commitverify.Verify(ctx, g.Repo, o)
	if err != nil {
		return false, err
	}
	verdict.refuse(o.Ref, report)
	return report.Demanded, nil
}

// aloneSigned judges the one commit of the group with the reader of objects at
// hand. sure is false where it is refused: then git has to be asked whether it
// is new at all, see signed.
func (e *entry) aloneSigned(ctx context.Context, l stagedscan.Look) (sure bool, err error) {
	u := e.updates[0]
	o := commitverify.Options{Commit: u.new, Ref: u.ref, Anchor: e.anchor, Now: e.Now}
	report, err := commitverify.VerifyBy(ctx, e.Repo, l.Objects(), o)
	return err == nil && len(report.Refused) == 0, err
}

// refuse takes over what a verification refused.
func (v *Verdict) refuse(ref string, report *commitverify.Report) {
	for _, no := range report.Refused {
		v.Signatures = append(v.Signatures, Signature{
			Ref: ref, Commit: no.Commit, Tag: no.Tag, Subject: no.Subject, Reason: no.Text, Hint: no.Hint,
		})
	}
}

// asksSignatures: notes are made by tools that sign nothing, and change no
// commit. Whatever else may become or stand for a branch is asked.
func asksSignatures(ref string) bool { return !strings.HasPrefix(ref, "refs/notes/") }

// policyFiles are those of which one exists wherever signatures are asked for.
var policyFiles = []string{project.FileName, ".clawql/allowed_signers"}

// ask finds out whether neither the anchor nor the one commit on top of it has
// anything about signatures.
func (e *entry) ask(l stagedscan.Look) error {
	for _, at := range []string{e.anchor, e.updates[0].new} {
		for _, file := range policyFiles {
			if at == "" {
				continue
			}
			if there, err := l.Has(at + ":" + file); there || err != nil {
				return err
			}
		}
	}
	e.unasked = true
	return nil
}
