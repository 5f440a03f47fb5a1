package hookinstall

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// load takes the picture of every file that a plan may touch.
func (s *Site) load() error {
	s.now = tree{}
	if real, err := filepath.EvalSymlinks(s.Config); err == nil {
		s.Config = real // as git does: a linked configuration stays a link
	}
	paths := []string{s.Config, s.underFile(), s.inState("config"), s.inState("config-worktrees"), s.ledgerFile()}
	for _, folder := range []string{s.plain(), s.Hooks()} {
		for _, event := range allEvents() {
			if folder == "" {
				continue
			}
			for _, end := range []string{"", suffix, replaced, ".legacy", ".old"} {
				paths = append(paths, filepath.Join(folder, event+end))
			}
		}
	}
	for _, path := range paths {
		f, err := readFile(path)
		if err != nil {
			return err
		}
		if f.There() {
			s.now[path] = f
		}
	}
	s.usesHusky = s.Top != "" && usesHusky(s.Top)
	s.noHooks = !exists(s.plain())
	s.Pending = exists(s.journalFile())
	return s.loadLedger()
}

// plain is the folder for hooks where core.hooksPath is not set.
func (s *Site) plain() string {
	if s.Global {
		return ""
	}
	return filepath.Join(s.Common, "hooks")
}

// underFile tells our hooks which folder they stand before.
func (s *Site) underFile() string { return filepath.Join(s.Hooks(), "under") }

// usesHusky says that husky is, or soon will be, at home in a work tree: then
// the next npm install sets core.hooksPath.
func usesHusky(top string) bool {
	data, _ := os.ReadFile(filepath.Join(top, "package.json"))
	return exists(filepath.Join(top, ".husky")) || strings.Contains(string(data), `"husky"`)
}

func (s *Site) inState(name string) string { return filepath.Join(s.State, name) }

func readFile(path string) (File, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return File{}, nil
	}
	if err != nil {
		return File{}, fault.Unable("look at %s: %w", path, err)
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return File{}, fault.Unable("look at %s: %w", path, err)
		}
		return File{Link: target}, nil
	case !info.Mode().IsRegular():
		return File{}, fault.Unable("look at %s: it is no plain file (%s)", path, info.Mode().Type())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return File{}, fault.Unable("look at %s: %w", path, err)
	}
	return File{Mode: info.Mode().Perm(), Data: data}, nil
}
