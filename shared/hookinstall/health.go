package hookinstall

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// SiteChecks looks at what stands around the hooks: the program, an install
// that was cut off, settings that go past us.
func (s *Site) SiteChecks(program string) []Check {
	all := []Check{s.programCheck(program)}
	if s.Pending {
		all = append(all, Check{ID: "journal", State: Off, Looked: "an install or uninstall was cut off", Fix: fixInstall})
	}
	if one, ok := last(s.Settings); ok && !s.Global && !isOurs(one.Value) && s.ledger.Layout == Pointed {
		all = append(all, Check{ID: "hooks path", State: Off, Looked: "core.hooksPath is " + one.Value + " (" + one.Scope + "), past our folder", Fix: fixInstall})
	}
	if one, ok := last(s.Settings); ok && one.Scope == "command" {
		all = append(all, Check{ID: "hooks path", State: Off, Looked: "the environment or command line sets core.hooksPath to " + one.Value, Fix: "unset GIT_CONFIG_COUNT and GIT_CONFIG_PARAMETERS"})
	}
	return all
}

func (s *Site) programCheck(program string) Check {
	c := Check{ID: "program", State: OK, Looked: program}
	recorded := s.ledger.Program
	if recorded == "" {
		recorded = program
	}
	if err := Trustworthy(recorded); err != nil {
		return Check{ID: "program", State: Off, Looked: err.Error(), Fix: fixInstall}
	}
	if a, err1 := os.Stat(recorded); err1 == nil {
		if b, err2 := os.Stat(program); err2 == nil && !os.SameFile(a, b) {
			return Check{ID: "program", State: Off, Looked: "the hooks ask " + recorded + ", and this is " + program, Fix: fixInstall}
		}
	}
	return c
}

// Worktrees lists the other work trees of the repository, by folder.
func (s *Site) Worktrees(ctx context.Context, dir string) ([]string, error) {
	out, err := git(ctx, dir, "worktree", "list", "--porcelain")
	if err != nil {
		return nil, err
	}
	var all []string
	for _, block := range strings.Split(out, "\n\n") {
		path, ok := strings.CutPrefix(block, "worktree ")
		path, rest, _ := strings.Cut(path, "\n")
		if ok && path != s.Top && !slices.Contains(strings.Split(rest, "\n"), "bare") && exists(filepath.Join(path, ".git")) {
			all = append(all, path)
		}
	}
	return all, nil
}

// Submodules lists the folders of the submodules that are checked out, with
// those inside them.
func Submodules(ctx context.Context, top string) ([]string, error) {
	out, err := git(ctx, top, "ls-files", "--stage", "-z")
	if err != nil {
		return nil, err
	}
	var all []string
	for _, entry := range strings.Split(out, "\x00") {
		head, path, _ := strings.Cut(entry, "\t")
		dir := filepath.Join(top, filepath.FromSlash(path))
		if !strings.HasPrefix(head, "160000 ") || !exists(filepath.Join(dir, ".git")) {
			continue
		}
		inside, err := Submodules(ctx, dir)
		if err != nil {
			return nil, err
		}
		all = append(append(all, dir), inside...)
	}
	return all, nil
}

// Covered says whether every event is judged in the work tree at dir.
func Covered(ctx context.Context, dir string) (bool, error) {
	s, err := Look(ctx, dir)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(s.HookChecks(ctx, dir), func(c Check) bool { return c.State != OK }), nil
}
