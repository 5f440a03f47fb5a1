package stagedscan

import (
	"context"
	"fmt"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

const submodule = "160000" // the mode of a commit of another repository

// tooLarge is said of what has more than gitchange.Largest bytes.
var tooLarge = fmt.Sprintf("is larger than %d MiB", gitchange.Largest>>20)

// changes scans the new side of each change, on all processors.
func (s *scan) changes(ctx context.Context, changes []gitchange.Change) error {
	todo := s.open(renamed(changes))
	found := make([]bool, len(todo))
	err := s.each(ctx, len(todo), func(ctx context.Context, i int) (result, error) {
		done, err := s.change(ctx, todo[i])
		found[i] = len(done.findings) > 0 || done.known > 0
		return done, err
	})
	for i, c := range todo {
		if err == nil && !found[i] {
			s.clean[content(c)] = true
		}
	}
	return err
}

// renamed gives a path that is new the version under its former name.
func renamed(changes []gitchange.Change) []gitchange.Change {
	gone := map[string]gitchange.Change{}
	for _, c := range changes {
		if c.Deleted() {
			gone[c.Commit+c.Old] = c
		}
	}
	var kept []gitchange.Change
	for _, c := range changes {
		if c.Deleted() {
			continue
		}
		if from, ok := gone[c.Commit+c.New]; ok && len(c.Before()) == 0 {
			c.Old = from.Old
		}
		kept = append(kept, c)
	}
	return kept
}

// open leaves out what was looked at already: the same change, or a content at
// the same path that has nothing. A content with findings is looked at again,
// because the version before may be another.
func (s *scan) open(changes []gitchange.Change) []gitchange.Change {
	var todo []gitchange.Change
	for _, c := range changes {
		key := content(c) + "\x00" + c.Old
		for _, other := range c.Others {
			key += "\x00" + other.ID
		}
		if s.places {
			key += "\x00" + c.Commit
		}
		if s.seen[key] || s.clean[content(c)] {
			continue
		}
		s.seen[key] = true
		todo = append(todo, c)
	}
	return todo
}

func content(c gitchange.Change) string { return c.Path + "\x00" + c.New }

func (s *scan) change(ctx context.Context, c gitchange.Change) (result, error) {
	var done result
	before := c.Before()
	if len(before) == 0 {
		found, err := s.words(ctx, InName, c.Path, c.Path)
		if err != nil {
			return done, err
		}
		s.settle(&done, found, c.Commit)
	}
	if c.Submodule() || sameContent(c, before) {
		return done, nil
	}
	found, size, err := s.version(ctx, c.Path, c.New)
	if err != nil {
		return done, fault.Unable("read the content of %s: %w", s.redact(c.Path), err)
	}
	done.files, done.bytes, done.paths = 1, size, []string{c.Path}
	s.use(&done, found)
	if c.Commit != "" && len(found) > 0 {
		s.former.keep(c.Path, c.New, found)
	}
	fresh, err := s.fresh(ctx, c, found)
	if err != nil {
		return done, err
	}
	done.known += len(found) - len(fresh)
	s.settle(&done, fresh, c.Commit)
	if err := s.readable(c); err != nil {
		return done, err
	}
	return done, s.agent(c)
}

// version finds what one content at a path holds. The content is let go
// before another one is read.
func (s *scan) version(ctx context.Context, path, id string) ([]Finding, int64, error) {
	blob, size, release, err := s.objects.Hold(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	defer release()
	if blob == nil && size > 0 {
		return []Finding{unread(path, tooLarge, id)}, size, nil
	}
	found, err := s.inspect(ctx, path, blob)
	return found, size, err
}

// sameContent says that only the mode changes.
func sameContent(c gitchange.Change, before []gitchange.Version) bool {
	for _, v := range before {
		if v.ID == c.New && v.Mode != submodule {
			return true
		}
	}
	return false
}

// fresh leaves out the secrets that a version before has already: history
// holds them, and refusing each later commit to the file would not change it.
func (s *scan) fresh(ctx context.Context, c gitchange.Change, found []Finding) ([]Finding, error) {
	versions := c.Before()
	if len(versions) == 0 && strings.Trim(c.Old, "0") != "" {
		versions = []gitchange.Version{{Mode: c.NewMode, ID: c.Old}} // under its former name
	}
	all := found
	for _, v := range versions {
		if len(found) == 0 || v.Mode == submodule {
			continue
		}
		old, known := s.former.get(c.Path, v.ID)
		if !known {
			var err error
			if old, _, err = s.version(ctx, c.Path, v.ID); err != nil {
				return nil, fault.Unable("read the version of %s before: %w", s.redact(c.Path), err)
			}
		}
		found = without(found, old)
	}
	if c.Commit == "" {
		return s.mergedIn(ctx, c.Path, found)
	}
	if s.places && len(versions) == 1 && len(found) < len(all) && versions[0].Mode != submodule {
		return s.placed(ctx, versions[0].ID, c.New, found, all)
	}
	return found, nil
}

func without(found, old []Finding) []Finding {
	var fresh []Finding
	for _, f := range found {
		known := false
		for _, one := range old {
			known = known || one.Rule == f.Rule && one.In == f.In && one.Secret.Same(f.Secret)
		}
		if !known {
			fresh = append(fresh, f)
		}
	}
	return fresh
}
