package hookinstall

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Setting is one value of core.hooksPath, and where it was set.
type Setting struct {
	Value  string // as git expands it; relative values count from the work tree
	Scope  string // system, global, local, worktree or command
	Origin string // such as file:/home/u/.gitconfig
}

// Site is what was seen of one repository, or of a user's configuration.
type Site struct {
	Global     bool
	GitVersion string // as git says it
	Top        string // of the work tree; "" in a bare repository or for a user
	Common     string // the folder that all work trees of the repository share
	State      string // our folder
	Config     string // the configuration that an install writes to
	Folder     string // of the others' hooks: where git looks without us
	Where      string // where git looks now
	Settings   []Setting
	Pending    bool // an install or uninstall was cut off; Recover ends it

	version version
	now     tree
	ledger  ledger

	noHooks   bool // the folder for hooks is not there
	usesHusky bool
}

func asExit(err error, target **exec.ExitError) bool { return errors.As(err, target) }

// Look surveys the repository around dir ("" is the current folder).
func Look(ctx context.Context, dir string) (*Site, error) {
	s, err := begin(ctx, dir)
	if err != nil {
		return nil, err
	}
	out, err := git(ctx, dir, "rev-parse", "--git-common-dir", "--is-bare-repository", "--is-inside-work-tree", "--git-path", "hooks")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	if len(lines) != 4 {
		return nil, fault.Unable("git rev-parse: %d lines where 4 were asked for", len(lines))
	}
	if s.Common, err = resolve(dir, lines[0]); err != nil {
		return nil, err
	}
	if lines[2] == "true" {
		top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
		if err != nil {
			return nil, err
		}
		s.Top = strings.TrimSuffix(top, "\n")
	}
	s.State, s.Config = filepath.Join(s.Common, "clawql-hooks"), filepath.Join(s.Common, "config")
	base := s.Top // a relative core.hooksPath counts from the work tree
	if base == "" {
		base = s.Common
	}
	if s.Settings, err = settings(ctx, dir); err != nil {
		return nil, err
	}
	s.Folder = filepath.Join(s.Common, "hooks")
	if other, ok := s.other(); ok {
		s.Folder = join(base, other.Value)
	}
	s.Where = filepath.Join(s.Common, "hooks")
	if n := len(s.Settings); n > 0 {
		s.Where = join(base, s.Settings[n-1].Value)
	}
	return s, s.load()
}

// LookGlobal surveys the configuration of the user.
func LookGlobal(ctx context.Context, getenv func(string) string) (*Site, error) {
	s, err := begin(ctx, "/")
	if err != nil {
		return nil, err
	}
	home, xdg := getenv("HOME"), getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(home) {
		return nil, fault.Usage("install for a user: HOME is %q; it must be an absolute path", home)
	}
	if xdg == "" {
		xdg = filepath.Join(home, ".config")
	}
	s.Global, s.State = true, filepath.Join(xdg, "clawql-hooks")
	s.Config = filepath.Join(home, ".gitconfig")
	if _, err := os.Stat(s.Config); err != nil {
		if other := filepath.Join(xdg, "git", "config"); exists(other) {
			s.Config = other
		}
	}
	if file := getenv("GIT_CONFIG_GLOBAL"); file != "" {
		s.Config = file
	}
	if s.Settings, err = userSettings(ctx); err != nil {
		return nil, err
	}
	if other, ok := s.other(); ok {
		s.Folder = other.Value
	}
	if n := len(s.Settings); n > 0 {
		s.Where = s.Settings[n-1].Value
	}
	return s, s.load()
}

func begin(ctx context.Context, dir string) (*Site, error) {
	out, err := git(ctx, dir, "version")
	if err != nil {
		return nil, fault.Unable("run git: %w", err).Hint("install git 2.30 or later")
	}
	s := &Site{GitVersion: strings.TrimPrefix(strings.TrimSpace(out), "git version "), version: parseVersion(out)}
	if s.version.major != 0 && !s.version.atLeast(2, 28) {
		return nil, fault.Unable("git %s has no reference-transaction hook, which nobody can skip", s.GitVersion).Hint("install git 2.30 or later")
	}
	return s, nil
}

// settings lists the values of core.hooksPath, the one that counts last.
func settings(ctx context.Context, dir string) ([]Setting, error) {
	out, err := maybe(ctx, dir, "config", "--show-scope", "--show-origin", "--null", "--type=path", "--get-all", "core.hooksPath")
	if err != nil {
		return nil, err
	}
	var all []Setting
	words := strings.Split(out, "\x00")
	for i := 0; i+2 < len(words); i += 3 {
		all = append(all, Setting{Scope: words[i], Origin: words[i+1], Value: words[i+2]})
	}
	return all, nil
}

// userSettings are the values that no repository sets.
func userSettings(ctx context.Context) ([]Setting, error) {
	var all []Setting
	for _, scope := range []string{"--system", "--global"} {
		out, err := maybe(ctx, "/", "config", scope, "--includes", "--null", "--type=path", "--get-all", "core.hooksPath")
		if err != nil && scope == "--global" {
			return nil, err
		}
		for _, value := range strings.Split(strings.TrimSuffix(out, "\x00"), "\x00") {
			if value != "" {
				all = append(all, Setting{Value: value, Scope: scope[2:]})
			}
		}
	}
	return all, nil
}

// isOurs says that a value of core.hooksPath is a folder of ours.
func isOurs(value string) bool { return strings.HasSuffix(value, "clawql-hooks/hooks") }

// other is the value of core.hooksPath that would count without us.
func (s *Site) other() (Setting, bool) {
	for i := len(s.Settings) - 1; i >= 0; i-- {
		if one := s.Settings[i]; !isOurs(one.Value) && one.Scope != "command" {
			return one, true
		}
	}
	return Setting{}, false
}

// Hooks is the folder of our own hooks.
func (s *Site) Hooks() string { return filepath.Join(s.State, "hooks") }

func join(base, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// resolve makes a path that git gave absolute, without links.
func resolve(dir, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	full, err := filepath.Abs(path)
	if err == nil {
		full, err = filepath.EvalSymlinks(full)
	}
	if err != nil {
		return "", fault.Unable("find the repository: %w", err)
	}
	return full, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
