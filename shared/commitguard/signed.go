package commitguard

import (
	"context"
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
	for _, u := range one.updates {
		if !asksSignatures(u.ref) {
			continue
		}
		revisions := []string{u.new}
		if u.old != "" {
			revisions = append(revisions, "^"+u.old)
		}
		if len(except) > 0 {
			revisions = append(append(revisions, "--not"), except...)
		}
		o := commitverify.Options{Revisions: revisions, Ref: u.ref, Anchor: one.anchor, Now: g.Now}
		if _, err := g.verify(ctx, o, verdict); err != nil {
			return err
		}
	}
	return nil
}

// verify adds what is refused to the verdict; asked says that the policy asks
// for signatures.
func (g *Guard) verify(ctx context.Context, o commitverify.Options, verdict *Verdict) (asked bool, err error) {
	report, err := commitverify.Verify(ctx, g.Repo, o)
	if err != nil {
		return false, err
	}
	for _, no := range report.Refused {
		verdict.Signatures = append(verdict.Signatures, Signature{
			Ref: o.Ref, Commit: no.Commit, Tag: no.Tag, Subject: no.Subject, Reason: no.Text, Hint: no.Hint,
		})
	}
	return report.Demanded, nil
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
