package stagedscan

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// Seen is a scan, and what exactly it looked at.
type Seen struct {
	Report  *Report
	Base    string // the commit that Changes are against; "" before the first one
	Changes []gitchange.Change
}

// StagedChanges is Staged, and tells what it looked at. It asks git for the
// changes while it reads the policy.
func (o Options) StagedChanges(ctx context.Context, repo *gitchange.Repo) (*Seen, error) {
	seen := &Seen{}
	early := sync.OnceValues(repo.StagedLater(ctx, "HEAD")) // all that follows waits for it
	go secretscan.WarmFiles()
	report, err := o.run(ctx, repo, func(s *scan) error {
		if err := s.objects.Ahead(policyNames("HEAD")...); err != nil {
			return err
		}
		base, err := s.base(ctx)
		if err != nil {
			return err
		}
		if err := s.readPolicy(policyIn(base)); err != nil {
			return err
		}
		seen.Changes, err = early()
		if policyIn(base) == index {
			seen.Changes, err = repo.Staged(ctx, base)
		} else if err == nil {
			seen.Base, err = s.commitID(base)
		}
		if err != nil {
			return err
		}
		return s.changes(ctx, seen.Changes)
	})
	_, _ = early() // its child has ended, whatever came of the rest
	seen.Report = report
	return seen, err
}

// commitID is the id of the commit that a name stands for, from its content:
// one child of git less.
func (s *scan) commitID(name string) (string, error) {
	content, kind, err := s.objects.Get(name)
	if err != nil {
		return "", err
	}
	whole := append(fmt.Appendf(nil, "%s %d\x00", kind, len(content)), content...)
	if len(content) > len("tree ")+40 && content[len("tree ")+40] == '\n' {
		id := sha1.Sum(whole)
		return hex.EncodeToString(id[:]), nil
	}
	id := sha256.Sum256(whole)
	return hex.EncodeToString(id[:]), nil
}

// Look is a scan in pieces, by the policy of one commit, with one reader of
// objects for all of them.
type Look struct{ s *scan }

// Through opens the repository, reads the policy at a commit ("" is the
// index), and gives work the means to look at something. It reports all that
// work looked at.
func (o Options) Through(ctx context.Context, repo *gitchange.Repo, policyAt string, work func(l Look) error) (*Report, error) {
	go secretscan.Warm()
	return o.run(ctx, repo, func(s *scan) error {
		if err := s.objects.Ahead(policyNames(policyAt)...); err != nil {
			return err
		}
		if err := s.readPolicy(policyAt); err != nil {
			return err
		}
		return work(Look{s})
	})
}

// Commits is as the function of that name.
func (l Look) Commits(ctx context.Context, ids []string) error { return l.s.all(ctx, ids) }

// RefNames is as the function of that name.
func (l Look) RefNames(ctx context.Context, names []string) error { return l.s.refNames(ctx, names) }

// Messages scans commits themselves (message, author, headers), where what
// they bring was looked at already.
func (l Look) Messages(ctx context.Context, ids []string) error {
	l.s.report.Commits += len(ids)
	return l.s.each(ctx, len(ids), func(ctx context.Context, i int) (done result, err error) {
		content, err := l.Commit(ids[i])
		if err != nil {
			return done, err
		}
		return l.s.text(ctx, InMessage, ids[i], content)
	})
}

// Objects is the reader of objects, open while Through works.
func (l Look) Objects() *gitchange.Objects { return l.s.objects }

// Commit is the raw content of a commit.
func (l Look) Commit(id string) ([]byte, error) {
	content, kind, err := l.s.objects.Get(id)
	if err == nil && kind != "commit" {
		err = fault.Unable("read commit %.10s: it is a %s", id, kind)
	}
	return content, err
}

// Has says whether there is an object of that name, such as COMMIT:PATH.
func (l Look) Has(name string) (bool, error) {
	_, _, err := l.s.objects.Get(name)
	if errors.Is(err, gitchange.ErrMissing) {
		return false, nil
	}
	return err == nil, err
}
