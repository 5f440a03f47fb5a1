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

// Paths is as the function of that name.
func (o Options) Paths(ctx context.Context, repo *gitchange.Repo, paths []string) (*Report, error) {
	if _, err := repo.Top(ctx); err != nil {
		return o.outside(ctx, repo, paths)
	}
	return o.run(ctx, repo, func(s *scan) error {
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

// outside scans where there is no repository.
func (o Options) outside(ctx context.Context, repo *gitchange.Repo, paths []string) (*Report, error) {
	policy, err := secretscan.Compile(secretscan.Sources{})
	if err != nil {
		return nil, err
	}
	s := o.scan(ctx, repo)
	s.policy, s.report.Policy = policy, "defaults"
	if o.Baseline != nil {
		b, err := secretscan.ReadBaseline("of --baseline-path", o.Baseline)
		if err != nil {
			return nil, err
		}
		s.baseline = append(s.baseline, b)
	}
	if err := s.fetchLive(ctx); err != nil {
		return nil, err
	}
	if err := s.walk(ctx, paths); err != nil {
		return nil, err
	}
	return s.finish(), nil
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
	shown := filepath.ToSlash(filepath.Clean(name))
	done := result{files: 1, bytes: int64(len(content)), paths: []string{shown}}
	found, err := s.words(ctx, InName, shown, filepath.Base(name))
	if err != nil {
		return err
	}
	some, err := s.inspect(ctx, shown, content)
	if err != nil {
		return err
	}
	s.settle(&done, append(found, some...), "")
	s.report.add(done)
	return nil
}
