package stagedscan

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// batch is how many commits are looked at together: their changes are held at
// once, their contents are not.
const batch = 256

// Commits is as the function of that name.
func (o Options) Commits(ctx context.Context, repo *gitchange.Repo, ids []string, policyAt string) (*Report, error) {
	return o.run(ctx, repo, func(s *scan) error {
		if err := s.readPolicy(policyAt); err != nil {
			return err
		}
		return s.all(ctx, ids)
	})
}

// Range is as the function of that name.
func (o Options) Range(ctx context.Context, repo *gitchange.Repo, span string) (*Report, error) {
	from, _, _ := strings.Cut(span, "..")
	if from == "" {
		from = "HEAD"
	}
	ids, err := repo.Commits(ctx, span)
	if err != nil {
		return nil, err
	}
	policyAt, err := repo.Resolve(ctx, from)
	if err != nil {
		return nil, err
	}
	return o.run(ctx, repo, func(s *scan) error {
		if err := s.readPolicy(policyAt); err != nil {
			return err
		}
		s.places = true
		return s.all(ctx, ids)
	})
}

// All is as the function of that name.
func (o Options) All(ctx context.Context, repo *gitchange.Repo) (*Report, error) {
	return o.run(ctx, repo, func(s *scan) error {
		base, err := s.base(ctx)
		if err != nil {
			return err
		}
		if err := s.readPolicy(policyIn(base)); err != nil {
			return err
		}
		ids, err1 := repo.AllCommits(ctx)
		refs, err2 := repo.Refs(ctx)
		if err1 != nil || err2 != nil {
			return firstOf(err1, err2)
		}
		var names []string
		for _, ref := range refs {
			names = append(names, ref.Name)
			if ref.Kind != "commit" {
				ids = append(ids, ref.ID)
			}
		}
		if err := s.refNames(ctx, names); err != nil {
			return err
		}
		s.report.everything, s.places = true, true
		s.Agents = false // history holds many versions of a skill; what is used is HEAD's
		return s.all(ctx, ids)
	})
}

func firstOf(errs ...error) error {
	return errs[slices.IndexFunc(errs, func(err error) bool { return err != nil })]
}

func (s *scan) refNames(ctx context.Context, names []string) error {
	return s.each(ctx, len(names), func(ctx context.Context, i int) (done result, err error) {
		found, err := s.words(ctx, InRef, names[i], names[i])
		s.settle(&done, found, "")
		return done, err
	})
}

func (s *scan) all(ctx context.Context, ids []string) error {
	for part := range slices.Chunk(ids, batch) {
		if err := s.part(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// part scans some objects themselves, and then what they hold.
func (s *scan) part(ctx context.Context, ids []string) error {
	kinds, next := make([]string, len(ids)), make([]string, len(ids))
	err := s.each(ctx, len(ids), func(ctx context.Context, i int) (done result, err error) {
		var text []byte
		if text, kinds[i], err = s.objects.Get(ids[i]); err != nil {
			return done, err
		}
		switch kinds[i] {
		case "commit":
			return s.text(ctx, InMessage, ids[i], text)
		case "tag":
			next[i], err = target(ids[i], text)
			if err == nil {
				done, err = s.text(ctx, InTag, ids[i], text)
			}
		}
		return done, err
	})
	if err != nil {
		return err
	}
	return s.held(ctx, ids, kinds, next)
}

// held scans what objects of several kinds hold.
func (s *scan) held(ctx context.Context, ids, kinds, next []string) error {
	var commits, further []string
	for i, kind := range kinds {
		switch kind {
		case "commit":
			commits = append(commits, ids[i])
		case "tag":
			further = append(further, next[i])
		default:
			if err := s.loose(ctx, ids[i], kind); err != nil {
				return err
			}
		}
	}
	changes, err := s.repo.History(ctx, commits)
	if err != nil {
		return err
	}
	s.report.Commits += len(commits)
	if err := s.changes(ctx, changes); err != nil {
		return err
	}
	return s.targets(ctx, further)
}

// targets scans what tags point at, commits left out: those are history, and
// the caller lists them.
func (s *scan) targets(ctx context.Context, ids []string) error {
	var some []string
	for _, id := range ids {
		_, kind, err := s.objects.Get(id)
		if err != nil {
			return err
		}
		if kind != "commit" {
			some = append(some, id)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return s.part(ctx, some)
}

// loose scans a tree or a blob that stands in no commit.
func (s *scan) loose(ctx context.Context, id, kind string) error {
	changes := []gitchange.Change{{Path: "object " + id, New: id, NewMode: "100644", OldMode: "000000"}}
	if kind == "tree" {
		var err error
		if changes, err = s.repo.Tree(ctx, id); err != nil {
			return err
		}
	}
	return s.changes(ctx, changes)
}

// target is what an annotated tag points at: the id on its first line.
func target(id string, text []byte) (string, error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	to, ok := bytes.CutPrefix(line, []byte("object "))
	if !ok || len(to) < 40 || len(bytes.Trim(to, "0123456789abcdef")) > 0 {
		return "", fault.Unable("read tag %.10s: its first line names no object", id)
	}
	return string(to), nil
}

// text scans an object that is a text by itself.
func (s *scan) text(ctx context.Context, in, id string, text []byte) (done result, err error) {
	found, err := s.look(ctx, "", text)
	if err == nil {
		found, err = s.withoutChance(ctx, in, text, found)
	}
	for i := range found {
		found[i].In = in
	}
	s.settle(&done, found, id)
	done.bytes = int64(len(text))
	return done, err
}
