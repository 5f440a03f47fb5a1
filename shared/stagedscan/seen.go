package stagedscan

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// Seen is a scan, and what exactly it looked at.
type Seen struct {
	Report  *Report
	Base    string // the commit that Changes are against; "" before the first one
	Changes []gitchange.Change
}

// StagedChanges is Staged, and tells what it looked at.
func StagedChanges(ctx context.Context, repo *gitchange.Repo) (*Seen, error) {
	seen := &Seen{}
	report, err := run(ctx, repo, func(s *scan) error {
		base, err := s.base(ctx)
		if err != nil {
			return err
		}
		if policyIn(base) != index {
			if seen.Base, err = s.commitID(base); err != nil {
				return err
			}
		}
		if err := s.readPolicy(policyIn(base)); err != nil {
			return err
		}
		if seen.Changes, err = repo.Staged(ctx, base); err != nil {
			return err
		}
		return s.changes(ctx, seen.Changes)
	})
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

// Messages scans commits themselves (message, author, headers), where what
// they bring was looked at already. See Commits.
func Messages(ctx context.Context, repo *gitchange.Repo, ids []string, policyAt string) (*Report, error) {
	return run(ctx, repo, func(s *scan) error {
		if err := s.readPolicy(policyAt); err != nil {
			return err
		}
		s.report.Commits = len(ids)
		return s.each(ctx, len(ids), func(ctx context.Context, i int) (done result, err error) {
			content, kind, err := s.objects.Get(ids[i])
			if err != nil {
				return done, err
			}
			if kind != "commit" {
				return done, fault.Unable("read commit %.10s: it is a %s", ids[i], kind)
			}
			return s.text(ctx, InMessage, ids[i], content)
		})
	})
}
