package changegate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/gitrepo"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// inquiry is one run of the gate. It gathers evidence and failures as it goes.
type inquiry struct {
	repo   *gitrepo.Repo
	policy Policy

	head     gitrepo.Commit
	evidence []gate.Evidence
	failures []string
	hints    []string
	where    string // how HEAD lies on the branch, for the summary
	signer   sshsign.Signature

	known  map[string]string                  // commit to the content of its list
	parsed map[string]*sshsign.AllowedSigners // content of a list to its lines
}

// run asks all questions even if one fails, so that a person learns everything
// at once. An error stops only its own question.
func (q *inquiry) run(ctx context.Context) (gate.Finding, error) {
	head, err := q.repo.Head(ctx)
	if err != nil {
		return gate.Finding{}, err
	}
	q.head = head
	q.note("commit "+head.Short(), map[string]string{"commit": head.ID, "tree": head.Tree},
		"%q by %s <%s>", head.Subject, head.AuthorName, head.AuthorEmail)
	var unknown []error
	for _, ask := range []func(context.Context) error{q.clean, q.signed, q.onBranch, q.unmoved} {
		if err := ask(ctx); err != nil {
			unknown = append(unknown, err)
		}
	}
	return q.finding(unknown)
}

func (q *inquiry) finding(unknown []error) (gate.Finding, error) {
	f := gate.Finding{Evidence: q.evidence, Hints: q.hints}
	switch {
	case len(q.failures) > 0:
		f.Summary = strings.Join(q.failures, "; ")
		for _, err := range unknown {
			f.Summary += "; and could not tell: " + err.Error()
			f.Hints = append(f.Hints, fault.Hints(err)...)
		}
		return f, nil
	case len(unknown) > 0:
		for _, err := range unknown[1:] {
			f.Hints = append(f.Hints, fault.Hints(err)...)
		}
		return f, join(unknown)
	}
	f.Passed = true
	f.Summary = fmt.Sprintf("HEAD %s signed by %s (%s), %s", q.head.Short(), q.signer.Committer, keyText(q.signer), q.where)
	return f, nil
}

// join keeps the first error, with its hints, and adds the texts of the others.
func join(all []error) error {
	err := all[0]
	for _, other := range all[1:] {
		err = fmt.Errorf("%w; %s", err, other.Error())
	}
	return err
}

func (q *inquiry) note(subject string, details map[string]string, format string, args ...any) {
	q.evidence = append(q.evidence, gate.Evidence{Subject: subject, Fact: fmt.Sprintf(format, args...), Details: details})
}

// fail records one failure with its hints.
func (q *inquiry) fail(text string, hints ...string) {
	q.failures = append(q.failures, text)
	q.hints = append(q.hints, hints...)
}

// unmoved sees that HEAD is the commit that the caller planned with, and that
// it did not move while the questions were asked.
func (q *inquiry) unmoved(ctx context.Context) error {
	now, err := q.repo.Head(ctx)
	if err != nil {
		return err
	}
	if want := q.policy.Commit; want != "" && q.head.ID != want {
		q.fail(fmt.Sprintf("HEAD is %s, but the plan was made from %s", q.head.Short(), short(want)), "run the command again")
	}
	if now.ID != q.head.ID {
		q.fail(fmt.Sprintf("HEAD moved from %s to %s during the check", q.head.Short(), now.Short()), "run the command again")
	}
	return nil
}

// maxNamed is how many dirty files a sentence names.
const maxNamed = 3

func (q *inquiry) clean(ctx context.Context) error {
	dirty, err := q.repo.Dirty(ctx)
	if err != nil {
		return err
	}
	if len(dirty) == 0 {
		q.note("work tree", nil, "equal to the commit; every file was hashed")
		return nil
	}
	q.note("work tree", nil, "%d differences: %s", len(dirty), strings.Join(dirty[:min(len(dirty), 20)], ", "))
	text := strings.Join(dirty[:min(len(dirty), maxNamed)], ", ")
	if more := len(dirty) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	q.fail("the work tree differs from HEAD: "+text, "commit or stash the changes: git status; git commit -S")
	return nil
}

func keyText(s sshsign.Signature) string {
	text := s.KeyType + " " + s.Fingerprint
	switch {
	case s.UserVerified:
		return text + ", touched, user verified"
	case s.Touched:
		return text + ", touched"
	}
	return text
}

// refusal says whether err is a refused signature; anything else could not be
// told.
func refusal(err error) (*sshsign.Refusal, bool) {
	var r *sshsign.Refusal
	return r, errors.As(err, &r)
}

func short(id string) string { return id[:min(len(id), 12)] }
