// Package changegate is the gate that asks whether what is about to be
// deployed was committed, signed by somebody who may, and accepted by the
// protected branch. It believes commit objects and the remote, and nothing
// that a local configuration, index or ref could claim.
package changegate

import (
	"context"
	"time"

	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/gitrepo"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// Name is the gate's name in results and records.
const Name = "change"

// DefaultSigners is where a repository keeps its list of allowed signers.
const DefaultSigners = ".clawql/allowed_signers"

// Policy is what the gate asks for.
type Policy struct {
	ProtectedBranch string // "" means "main"
	Remote          string // "" means "origin"
	// RemoteURL, when set, is the address that Remote must have; then a
	// repository without the remote fails too.
	RemoteURL string
	// AllowedSigners is the list's path in the repository; "" means DefaultSigners.
	AllowedSigners string
	// LastDeployed is the full id of the commit that the last good deploy was
	// made from: the list in it is trusted. "" for the first deploy: then trust
	// begins with the first commit that brings the list.
	LastDeployed string
	// Commit, when set, is the full id that HEAD must have: the commit that the
	// plan was rendered from.
	Commit string
	// Signature is what each signature must show beyond being valid.
	Signature sshsign.Policy
	// Now is the clock, for commits from the future; nil means time.Now.
	Now func() time.Time
	// Timeout bounds the gate; zero means one minute.
	Timeout time.Duration
}

// skew is how far the clocks of two people may differ.
const skew = 10 * time.Minute

// backdate is how much older than its parent a commit may say it is.
const backdate = 24 * time.Hour

func (p Policy) complete() Policy {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&p.ProtectedBranch, "main")
	set(&p.Remote, "origin")
	set(&p.AllowedSigners, DefaultSigners)
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Timeout <= 0 {
		p.Timeout = time.Minute
	}
	return p
}

// New is the gate over repo. It passes if, and only if:
//
//   - the work tree and the index are what HEAD's commit says;
//   - HEAD is signed by somebody on the list as of HEAD's first parent, so
//     that no commit can admit its own signer;
//   - every change of that list since LastDeployed is signed by somebody who
//     was on it before;
//   - HEAD is a state that the protected branch had, as the remote itself
//     says when it is asked.
//
// Each thing that is not so is a failure of its own, and all are told at once.
// What could not be found out is an error, and the gate could not run.
func New(repo *gitrepo.Repo, policy Policy) gate.Gate {
	policy = policy.complete()
	return gate.Gate{Name: Name, Timeout: policy.Timeout, Check: func(ctx context.Context) (gate.Finding, error) {
		q := inquiry{repo: repo, policy: policy, known: map[string]string{}, parsed: map[string]*sshsign.AllowedSigners{}}
		return q.run(ctx)
	}}
}
