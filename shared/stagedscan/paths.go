package stagedscan

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// Paths scans files and folders as they are on disk, ignored and untracked
// ones too, all but the .git folder. Symbolic links are not followed; their
// targets are scanned as text. The policy is HEAD's, and gitleaks' defaults
// outside a repository.
func Paths(ctx context.Context, repo *gitchange.Repo, paths []string) (*Report, error) {
	if _, err := repo.Top(ctx); err != nil {
		policy, err := secretscan.Compile(secretscan.Sources{})
		if err != nil {
			return nil, err
		}
		s := &scan{policy: policy, report: &Report{Policy: "defaults"}}
		err = s.walk(ctx, paths)
		return s.report.finish(), err
	}
	return run(ctx, repo, func(s *scan) error {
		base, err := s.base(ctx)
		if err != nil {
			return err
		}
		if err := s.readPolicy(policyIn(base)); err != nil {
			return err
		}
		return s.walk(ctx, paths)
	})
}

func (s *scan) walk(ctx context.Context, paths []string) error {
	for _, root := range paths {
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return fault.Unable("scan %s: %w", name, errors.Unwrap(err))
			case entry.IsDir() && entry.Name() == ".git":
				return filepath.SkipDir
			case entry.IsDir():
				return nil
			}
			return s.file(ctx, name, entry)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) file(ctx context.Context, name string, entry fs.DirEntry) error {
	var content []byte
	var err error
	switch {
	case entry.Type()&fs.ModeSymlink != 0:
		var target string
		target, err = os.Readlink(name)
		content = []byte(target)
	case entry.Type().IsRegular():
		content, err = os.ReadFile(name)
	default: // a pipe, a socket, a device: nothing that stays
		return nil
	}
	if err != nil {
		return fault.Unable("scan %s: %w", name, errors.Unwrap(err))
	}
	done := result{files: 1, bytes: int64(len(content))}
	for _, one := range []struct{ in, file, text string }{{InName, "", filepath.Base(name)}, {InContent, filepath.ToSlash(filepath.Clean(name)), string(content)}} {
		found, err := s.policy.Scan(ctx, one.file, []byte(one.text))
		if err != nil {
			return err
		}
		for _, f := range found {
			f.File = filepath.ToSlash(filepath.Clean(name))
			if one.in == InName {
				f.StartLine, f.EndLine = 0, 0
			}
			done.findings = append(done.findings, Finding{Finding: f, In: one.in})
		}
	}
	s.report.add(done)
	return nil
}
