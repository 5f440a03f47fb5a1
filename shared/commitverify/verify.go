// Package commitverify judges the signatures of commits and tags: by whom, with
// what kind of key, when, and by which policy. It reads the repository through
// git's plumbing and checks every object against its name; no configuration of
// git and no ssh-keygen takes part.
//
// docs/signing.md says the rules in words. It denies when it cannot tell.
package commitverify

import (
	"context"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// Options say what to verify, and by whose policy.
type Options struct {
	// Revisions are arguments of git rev-list: what to verify. They should leave
	// out no more than what Ref itself has on the other side: what another
	// branch has was let in under that branch's rules.
	Revisions []string
	// Commit is the full id of one commit to verify, in place of Revisions. What
	// it builds on counts as let in. git is not asked what there is.
	Commit string
	// Tags are names or ids of tag objects to verify besides. What is no tag
	// object is passed over.
	Tags []string
	// Ref is the branch that the commits would enter, such as refs/heads/main
	// or main; "" is the protected branch that the policy names.
	Ref string
	// Also are more branches that the commits would enter. Each commit must
	// satisfy what the strictest of all asks, whichever it enters.
	Also []string
	// Anchor is the commit whose policy counts first, such as the tip that the
	// remote has. With "" trust begins with the first commit that brings a list.
	Anchor string
	// Audit looks back at history that was accepted long ago: keys must have
	// been valid when the commit says it was made, and need not be so at Now.
	Audit bool
	// Now is the time that commits enter; zero means time.Now().
	Now time.Time
}

// Refusal is one commit or tag whose signature does not count.
type Refusal struct {
	Commit  string // full id, of a tag where Tag is set
	Tag     string // its name
	Subject string // text from outside: not clean for a terminal
	Reason  string // one of sshsign.Reason, or a reason of this package
	Text    string // completes "commit ID is refused: "
	Hint    string // what to do; "" for nothing
}

// Signer counts the accepted signatures of one key for one committer.
type Signer struct {
	Committer    string
	KeyType      string
	Fingerprint  string
	Commits      int
	Hardware     bool // the key's type is a FIDO security key's
	Touched      bool // in each of its signatures
	UserVerified bool // in each of its signatures
	Admitted     bool // no security key, and named by signing.admit
}

// Note is something that a person should hear though nothing is refused.
type Note struct {
	Commit string
	Text   string
}

// Report is the outcome of a verification that could look at everything.
type Report struct {
	Commits  int       // looked at
	Tags     int       // tag objects looked at
	Judged   int       // commits and tags that a policy asks signatures of
	Merges   int       // of them: unsigned merges that git makes the same by itself
	Policy   string    // where the policy comes from first: commit, or "none"
	Require  string    // what Ref asks for: signature, touch, verification
	Refused  []Refusal // oldest first
	Signers  []Signer  // most commits first
	Notes    []Note    // policy changes, beginnings
	Demanded bool      // a policy asks for signatures, at the anchor or later
}

// Verify judges every commit that o names. A refused commit is no error: see
// Report.Refused. An error means that it could not be told (fault.Unable), or
// that the policy at the anchor cannot be read (fault.Usage).
func Verify(ctx context.Context, repo *gitchange.Repo, o Options) (*Report, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	objects, err := repo.Objects(ctx)
	if err != nil {
		return nil, err
	}
	report, err := VerifyBy(ctx, repo, objects, o)
	if err != nil {
		stop()
		_ = objects.Close() // the error at hand says more
		return nil, err
	}
	if err := objects.Close(); err != nil {
		return nil, err
	}
	return report, nil
}

// VerifyBy is Verify with a reader of objects that is open already.
func VerifyBy(ctx context.Context, repo *gitchange.Repo, objects *gitchange.Objects, o Options) (*Report, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if len(o.Revisions) == 0 && len(o.Tags) == 0 && o.Commit == "" {
		return nil, fault.Usage("nothing to verify is named; name a range A..B")
	}
	f, err := begin(ctx, repo, objects, o)
	if err != nil {
		return nil, err
	}
	if err := f.run(ctx); err != nil {
		return nil, err
	}
	return f.finish(), nil
}
