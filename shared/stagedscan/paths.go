package stagedscan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/agentthreat"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// Paths is as the function of that name.
func (o Options) Paths(ctx context.Context, repo *gitchange.Repo, paths []string) (*Report, error) {
	top, err := repo.Top(ctx)
	if err != nil {
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
		return s.walk(ctx, top, paths)
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
	if err := s.walk(ctx, "", paths); err != nil {
		return nil, err
	}
	if err := s.judgeAgents(ctx); err != nil {
		return nil, err
	}
	return s.finish(), nil
}

// onDisk is a file to scan.
type onDisk struct {
	name, shown string
	mode        fs.FileMode
}

// walk scans all below some paths. top is the root of the work tree, "" for
// none.
func (s *scan) walk(ctx context.Context, top string, paths []string) error {
	var files []onDisk
	for _, root := range paths {
		prefix := inTree(top, root)
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return fault.Unable("scan %s: %w", name, errors.Unwrap(err))
			case entry.IsDir() && entry.Name() == ".git":
				return filepath.SkipDir
			case entry.IsDir():
				return nil
			}
			below, err := filepath.Rel(root, name)
			files = append(files, onDisk{name, filepath.ToSlash(filepath.Join(prefix, below)), entry.Type()})
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.each(ctx, len(files), func(ctx context.Context, i int) (result, error) { return s.file(ctx, files[i]) })
}

// inTree is a path from the root of the work tree, as commits have it, so that
// the policy reads it in the same way; outside, it is the path as it was given.
func inTree(top, root string) string {
	given := filepath.Clean(root)
	absolute, err := filepath.Abs(root)
	if top == "" || err != nil {
		return given
	}
	folder, err1 := filepath.EvalSymlinks(filepath.Dir(absolute))
	top, err2 := filepath.EvalSymlinks(top)
	if err1 != nil || err2 != nil {
		return given
	}
	inside, err := filepath.Rel(top, filepath.Join(folder, filepath.Base(absolute)))
	if err != nil || inside == ".." || strings.HasPrefix(inside, "../") {
		return given
	}
	return inside
}

// file scans one file on disk: name and content.
func (s *scan) file(ctx context.Context, f onDisk) (done result, err error) {
	content, size, err := contentOf(f)
	if err != nil {
		return done, fault.Unable("scan %s: %w", f.name, errors.Unwrap(err))
	}
	if size < 0 {
		return done, nil
	}
	done.files, done.bytes, done.paths = 1, size, []string{f.shown}
	found, err := s.words(ctx, InName, f.shown, path.Base(f.shown))
	if err != nil {
		return done, err
	}
	if size > gitchange.Largest {
		s.settle(&done, append(found, unread(f.shown, tooLarge, fmt.Sprintf("%s %d", f.shown, size))), "")
		return done, nil
	}
	if kind := agentthreat.KindOf(f.shown); s.Agents && kind != agentthreat.Other && f.mode.IsRegular() {
		s.agentFile(agentFile{agentthreat.File{Path: f.shown, Kind: kind, Content: content}, ""})
	}
	some, err := s.inspect(ctx, f.shown, content)
	if err == nil {
		s.settle(&done, append(found, some...), "")
	}
	return done, err
}

// contentOf reads a file or the target of a link; size -1 is something that
// keeps nothing: a pipe, a socket, a device.
func contentOf(f onDisk) (content []byte, size int64, err error) {
	switch {
	case f.mode&fs.ModeSymlink != 0:
		target, err := os.Readlink(f.name)
		return []byte(target), int64(len(target)), err
	case !f.mode.IsRegular():
		return nil, -1, nil
	}
	info, err := os.Stat(f.name)
	if err != nil || info.Size() > gitchange.Largest {
		return nil, sizeOf(info), err
	}
	content, err = os.ReadFile(f.name)
	return content, int64(len(content)), err
}

func sizeOf(info fs.FileInfo) int64 {
	if info == nil {
		return 0
	}
	return info.Size()
}
