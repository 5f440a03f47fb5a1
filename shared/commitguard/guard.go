// Package commitguard decides, for the hooks of git, whether git may go on: it
// joins what enters history (gitchange), the search for secrets (stagedscan)
// and the policy of signatures (commitverify).
//
// The hook that counts is reference-transaction: whatever makes a branch move,
// with or without --no-verify, asks it, and an answer other than 0 in the state
// "prepared" leaves every reference as it was. pre-commit looks at the same
// content earlier, before a message is written, and leaves a receipt. pre-push
// and pre-receive trust nothing of that: they look again at all that the other
// side lacks, by the policy that the other side has.
//
// Any error is a refusal.
package commitguard

import (
	"context"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// Guard is one run of one hook.
type Guard struct {
	Repo     *gitchange.Repo
	Receipts *Receipts // nil is none
	Now      time.Time

	objects *gitchange.Objects // of a transaction, for all its branches
}

// Verdict is what a hook found. Git may go on when it is Clean.
type Verdict struct {
	Scan       stagedscan.Report // all findings of the run
	Signatures []Signature       // the commits and tags refused, oldest first
	Message    string            // of the one commit that a transaction is about; text from outside
}

// Signature is a commit or tag that the policy of signatures refuses.
type Signature struct {
	Ref     string // where it would enter, such as refs/heads/main
	Commit  string // its id
	Tag     string // its name, where it is a tag
	Subject string // the first line of its message; text from outside
	Reason  string // completes a sentence that begins with the commit
	Hint    string // what helps; may be empty
}

// Clean says that nothing was found that must not enter.
func (v *Verdict) Clean() bool { return len(v.Scan.Findings) == 0 && len(v.Signatures) == 0 }

// PreCommit looks at what the next commit would add to HEAD. What is clean
// gets a receipt, so that reference-transaction need not read it again.
func (g *Guard) PreCommit(ctx context.Context) (*Verdict, error) {
	seen, err := g.options().StagedChanges(ctx, g.Repo)
	if err != nil {
		return nil, err
	}
	verdict := &Verdict{Scan: *seen.Report}
	if verdict.Clean() {
		g.Receipts.Add(seen.Base, seen.Changes)
	}
	return verdict, nil
}

func (g *Guard) options() stagedscan.Options {
	o := stagedscan.DefaultOptions()
	o.Now, o.Objects = g.Now, g.objects
	return o
}
