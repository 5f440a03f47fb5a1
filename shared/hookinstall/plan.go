package hookinstall

import (
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Layout is one of the three ways in which hooks are put in; see the package.
type Layout string

// The layouts; NotInstalled is none.
const (
	NotInstalled Layout = ""
	InConfig     Layout = "config"
	Beside       Layout = "beside"
	Pointed      Layout = "pointed"
)

// replaced marks a hook of others that we ran and that somebody replaced by
// overwriting us. It is kept and runs no more.
const replaced = ".clawql-replaced"

// Plan is what an install or uninstall would do, in order.
type Plan struct {
	Changes []Change
	Layout  Layout   // afterwards
	Notes   []string // sentences for the person

	site  *Site
	going bool
}

// Uninstall plans to take out everything of ours.
func (s *Site) Uninstall() *Plan {
	p := &Plan{site: s, going: true}
	after := s.without(p)
	p.Changes = diff(s.now, after, s.isConfig, true)
	return p
}

// Install plans to put program's hooks in. program is an absolute path that
// has been found trustworthy (see Trustworthy).
func (s *Site) Install(program string) (*Plan, error) {
	p := &Plan{site: s}
	after := s.without(p)
	var err error
	if p.Layout, err = s.choose(after); err != nil {
		return nil, err
	}
	switch p.Layout {
	case Beside:
		s.put(after, s.plain(), program, chainBeside, Events)
	case InConfig:
		s.put(after, s.Hooks(), program, chainNone, Events)
		after[s.Config] = addBlock(after[s.Config], hookLines(s.Hooks()))
	case Pointed:
		s.point(after, program)
	}
	p.Notes = append(p.Notes, s.explain(p.Layout))
	after[s.ledgerFile()] = s.nextLedger(program, p.Layout)
	p.Changes = diff(s.now, after, s.isConfig, false)
	return p, nil
}

// explain says in a sentence what will run.
func (s *Site) explain(l Layout) string {
	switch {
	case l == InConfig:
		return "git runs these beside every other hook, whoever puts it where"
	case l == Beside:
		return "ours run first, then the hooks that were here"
	case s.Global:
		return "git looks into " + s.Hooks() + " for every repository; ours run first, then the repository's own hooks. pre-commit and lefthook refuse to install while core.hooksPath is set, and a repository's own core.hooksPath goes past this: git clawql-hooks status tells"
	}
	return "git looks into " + s.Hooks() + ": ours run first, then the hooks of " + s.Folder + " where they are. core.hooksPath itself stays as it is written"
}

// choose decides on the layout; the package comment says why.
func (s *Site) choose(t tree) (Layout, error) {
	if s.version.atLeast(2, 54) {
		return InConfig, nil
	}
	other, set := s.other()
	if set && other.Scope == "worktree" {
		return NotInstalled, fault.Unable("install: core.hooksPath is set for one work tree only (%s), which beats what an install can write", other.Origin).
			Hint("git config --worktree --unset core.hooksPath, or git 2.54, which needs no hooks path")
	}
	if set || s.Global || s.usesHusky {
		return Pointed, nil
	}
	for _, event := range Events {
		if f := t[filepath.Join(s.plain(), event)]; f.There() && needsName(f) {
			return Pointed, nil
		}
	}
	return Beside, nil
}

// put writes hooks into folder. What stands in the place of one is chained.
func (s *Site) put(t tree, folder, program string, c chain, events []string) {
	for _, event := range events {
		path := filepath.Join(folder, event)
		if t[path].There() {
			t.move(path, path+suffix)
		}
		t[path] = File{Mode: 0o755, Data: text(event, program, c)}
	}
}

// point writes a folder of hooks that stands before the others' folder, and
// the include that makes git look there.
func (s *Site) point(t tree, program string) {
	kind, folder, under := chainUnder, s.Hooks(), ""
	if s.Global {
		kind = chainGlobal
	}
	other, set := s.other()
	if set {
		under = other.Value
	}
	events := append(append([]string{}, Events...), forwarded...)
	for _, event := range onlyWhereThere {
		if s.Folder != "" && exists(filepath.Join(s.Folder, event)) {
			events = append(events, event)
		}
	}
	s.put(t, s.Hooks(), program, kind, events)
	t[s.underFile()] = File{Mode: 0o644, Data: []byte(under + "\n")}
	lines := []string{"[include]", "\tpath = clawql-hooks/config"}
	if s.Global {
		lines[1] = "\tpath = " + value(s.inState("config"))
	}
	relative, err := filepath.Rel(s.Top, folder)
	if !s.Global && s.Top != "" && s.ownTop() && !filepath.IsAbs(under) && err == nil {
		// As movable as it was: a linked work tree cannot use a relative path.
		t[s.inState("config-worktrees")] = File{Mode: 0o644, Data: hooksPath(folder)}
		lines = append(lines, `[includeIf "gitdir:**/worktrees/*"]`, "\tpath = clawql-hooks/config-worktrees")
		folder = relative
	}
	t[s.inState("config")] = File{Mode: 0o644, Data: hooksPath(folder)}
	t[s.Config] = addBlock(t[s.Config], lines)
}

func hooksPath(folder string) []byte { return []byte("[core]\n\thooksPath = " + value(folder) + "\n") }

// ownTop says that Top is the repository's own work tree, not a linked one.
func (s *Site) ownTop() bool {
	dir, err := resolve(s.Top, ".git")
	if err != nil {
		return false
	}
	if dir == s.Common {
		return true
	}
	f, err := readFile(dir) // a submodule: `gitdir: ../.git/modules/x`
	link, ok := strings.CutPrefix(strings.TrimSpace(string(f.Data)), "gitdir: ")
	if err != nil || !ok {
		return false
	}
	target, err := resolve(s.Top, link)
	return err == nil && target == s.Common
}

func (s *Site) isConfig(path string) bool { return path == s.Config }
