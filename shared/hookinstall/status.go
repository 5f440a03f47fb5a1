package hookinstall

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
)

// State is the outcome of one check.
type State string

// The states. Unknown is for what could not be told; None for what does not
// concern this repository.
const (
	OK      State = "ok"
	Off     State = "FAIL"
	Unknown State = "unknown"
	None    State = "n/a"
)

// Check is one thing that status looked at.
type Check struct {
	ID     string   `json:"id"`
	State  State    `json:"state"`
	Looked string   `json:"looked"` // at what, and what was seen
	Fix    string   `json:"fix,omitempty"`
	Chain  []string `json:"chain,omitempty"` // the files that git or we run, in order
}

const fixInstall = "git clawql-hooks install"

// Hooks checks each event in the work tree at dir: git is asked where it would
// look, and what stands there is run with a probe that it must answer.
func (s *Site) HookChecks(ctx context.Context, dir string) []Check {
	var all []Check
	for _, event := range Events {
		if s.version.atLeast(2, 54) {
			if c, ok := s.configured(ctx, dir, event); ok {
				all = append(all, c)
				continue
			}
		}
		all = append(all, s.inFolder(ctx, dir, event))
	}
	return all
}

// configured checks an event that git 2.54 reads from the configuration. False
// is for one that is not there.
func (s *Site) configured(ctx context.Context, dir, event string) (Check, bool) {
	name := "clawql-" + event
	command, err := maybe(ctx, dir, "config", "--get", "hook."+name+".command")
	command = strings.TrimSuffix(command, "\n")
	if err != nil || command == "" {
		return Check{}, false
	}
	c := Check{ID: event, Chain: []string{command}}
	list, err := maybe(ctx, dir, "hook", "list", event)
	if err != nil {
		c.State, c.Looked = Unknown, "git hook list: "+err.Error()
		return c, true
	}
	lines := strings.Split(list, "\n")
	if !slices.Contains(lines, name) {
		c.State, c.Looked, c.Fix = Off, "git hook list leaves out hook."+name+", or has it disabled", "git config --unset hook."+name+".enabled; "+fixInstall
		return c, true
	}
	for _, line := range lines {
		if line != name && line != "" {
			c.Chain = append(c.Chain, line)
		}
	}
	s.judge(&c, ask(ctx, dir, event, "sh", "-c", command))
	return c, true
}

// inFolder checks an event in the folder where git looks.
func (s *Site) inFolder(ctx context.Context, dir, event string) Check {
	c := Check{ID: event}
	out, err := git(ctx, dir, "rev-parse", "--git-path", "hooks/"+event, "--show-toplevel")
	lines := strings.Split(out, "\n")
	if err != nil || len(lines) < 2 {
		out, err = git(ctx, dir, "rev-parse", "--git-path", "hooks/"+event) // a bare repository
		lines = append(strings.Split(out, "\n"), dir)
	}
	if err != nil {
		c.State, c.Looked = Unknown, err.Error()
		return c
	}
	// git tells a set core.hooksPath as it is written, which counts from the
	// top; its own folder from where it was asked.
	path := lines[0]
	if !filepath.IsAbs(path) {
		base := dir
		if _, set := last(s.Settings); set {
			base = lines[1]
		}
		path = filepath.Join(base, path)
	}
	f, err := readFile(path)
	if err != nil {
		c.State, c.Looked = Unknown, err.Error()
		return c
	}
	c.Fix = fixInstall
	switch kind := f.kind(); {
	case kind == "":
		c.State, c.Looked = Off, "there is no "+path
	case kind == Ours:
		s.throughOurs(ctx, dir, event, path, &c)
	case kind == PreCommit && s.legacyIsOurs(path):
		c.Chain = append(c.Chain, path)
		s.judge(&c, ask(ctx, dir, event, path+".legacy"))
		c.Looked += ", as pre-commit's legacy hook"
	default:
		c.State, c.Chain = Off, []string{path}
		c.Looked = "a " + string(kind) + " hook stands in the place of ours: " + path
		if kind == Handwritten && f.Link == "" && f.Mode&0o111 == 0 {
			c.Looked = "git leaves out " + path + ": it is not executable"
		}
	}
	return c
}

func (s *Site) legacyIsOurs(path string) bool {
	f, err := readFile(path + ".legacy")
	return err == nil && f.kind() == Ours && f.Mode&0o111 != 0
}

func (s *Site) throughOurs(ctx context.Context, dir, event, path string, c *Check) {
	f, err := readFile(path)
	if err != nil || f.Mode&0o111 == 0 {
		c.State, c.Looked = Off, "git leaves out "+path+": it is not executable"
		return
	}
	c.Chain = []string{path}
	if next, err := readFile(path + suffix); err == nil && next.There() {
		c.Chain = append(c.Chain, path+suffix)
	}
	if filepath.Base(filepath.Dir(filepath.Dir(path))) == "clawql-hooks" && s.Folder != "" {
		if under, err := readFile(filepath.Join(s.Folder, event)); err == nil && under.There() {
			c.Chain = append(c.Chain, filepath.Join(s.Folder, event))
		}
	}
	if s.version.atLeast(2, 36) && !s.version.atLeast(2, 54) {
		s.judge(c, ask(ctx, dir, event, "git", "hook", "run", "--ignore-missing", event))
		return
	}
	s.judge(c, ask(ctx, dir, event, path))
}

func last(all []Setting) (Setting, bool) {
	if len(all) == 0 {
		return Setting{}, false
	}
	return all[len(all)-1], true
}

// judge turns the answer to a probe into a state.
func (s *Site) judge(c *Check, a answer) {
	switch {
	case a.ok:
		c.State, c.Looked, c.Fix = OK, "asks git-clawql-hooks "+a.version, ""
	case a.refused:
		c.State, c.Looked, c.Fix = Off, a.text, fixInstall
	default:
		c.State, c.Looked, c.Fix = Unknown, "the probe was not answered: "+a.text, fixInstall
	}
	if n := len(c.Chain); n > 1 && a.ok {
		c.Looked += ", then " + c.Chain[n-1]
	}
}
