package changegate

import (
	"context"
	"errors"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitrepo"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// readList names the list as of a commit, without reading it.
func (q *inquiry) readList(ctx context.Context, commit string) (list, error) {
	if content, ok := q.known[commit]; ok {
		return list{content, commit}, nil
	}
	content, err := q.repo.BlobID(ctx, commit, q.policy.AllowedSigners)
	if err == nil {
		q.known[commit] = content
	}
	return list{content, commit}, err
}

// parentList is the list that stood before c; an empty one before a root.
func (q *inquiry) parentList(ctx context.Context, c gitrepo.Commit) (list, error) {
	if len(c.Parents) == 0 {
		return list{}, nil
	}
	return q.readList(ctx, c.Parents[0])
}

// parse reads a list. A list that is missing, no plain file or not to be
// understood admits nobody: that is a refusal, not an error.
func (q *inquiry) parse(ctx context.Context, l list) (*sshsign.AllowedSigners, error) {
	if signers, ok := q.parsed[l.content]; ok {
		return signers, nil
	}
	if l.content == "" {
		return nil, q.noList(l)
	}
	data, err := q.repo.Blob(ctx, l.at, q.policy.AllowedSigners)
	var signers *sshsign.AllowedSigners
	if err == nil {
		signers, err = sshsign.ParseAllowedSigners(q.policy.AllowedSigners, data)
	}
	if code := fault.Code(err); code == fault.CodeNo || code == fault.CodeUsage {
		return nil, notListed("the list as of commit " + short(l.at) + " admits nobody: " + err.Error())
	}
	if err == nil {
		q.parsed[l.content] = signers
	}
	return signers, err
}

// noList tells a newcomer how to begin.
func (q *inquiry) noList(l list) error {
	no := sshsign.Refuse(sshsign.NotListed, "there is no list of allowed signers at %s as of commit %s", q.policy.AllowedSigners, short(l.at))
	no.Hints = []string{`write it, a line each: you@example.org namespaces="git" ssh-ed25519 AAAA...   (your ~/.ssh/id_ed25519.pub)`,
		"git add " + q.policy.AllowedSigners + "; git commit -S"}
	return no
}

func notListed(text string) error {
	return sshsign.Refuse(sshsign.NotListed, "%s", text)
}

// verify checks the signature of c against every one of lists, at the time
// that c itself names, and whether that time can be. It returns the answer of
// the last list.
func (q *inquiry) verify(ctx context.Context, c gitrepo.Commit, lists []list) (s sshsign.Signature, err error) {
	if err := q.plausible(ctx, c); err != nil {
		return s, err
	}
	for _, l := range lists {
		signers, err := q.parse(ctx, l)
		if err != nil {
			return s, err
		}
		s, err = sshsign.VerifyCommit(c.Raw, signers, q.policy.Signature, c.CommitTime)
		if no, refused := refusal(err); refused && l.at != "" && no.Reason == sshsign.NotListed {
			return s, &sshsign.Refusal{Reason: no.Reason, Text: no.Text + " as of commit " + short(l.at), Hints: no.Hints}
		}
		if err != nil {
			return s, err
		}
	}
	if len(lists) == 0 {
		return s, errors.New("no list to judge by")
	}
	return s, nil
}

// plausible refuses a commit from the future, and one that says it is much
// older than the commit it builds on: so would an expired key be used again.
func (q *inquiry) plausible(ctx context.Context, c gitrepo.Commit) error {
	now := q.policy.Now()
	if c.CommitTime.After(now.Add(skew)) {
		return sshsign.Refuse(sshsign.OutOfTime, "its time lies in the future: %s", c.CommitTime.Format(time.RFC3339))
	}
	if len(c.Parents) == 0 {
		return nil
	}
	parent, err := q.repo.Commit(ctx, c.Parents[0])
	if err != nil {
		return err
	}
	floor := parent.CommitTime
	if floor.After(now) {
		floor = now
	}
	if c.CommitTime.Before(floor.Add(-backdate)) {
		return sshsign.Refuse(sshsign.OutOfTime, "it is dated %s, before the commit that it builds on (%s)",
			c.CommitTime.Format(time.RFC3339), floor.Format(time.RFC3339))
	}
	return nil
}
