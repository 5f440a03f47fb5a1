// Package signsetup makes a machine and a repository sign commits with a
// hardware-backed SSH key: it finds or makes the key, sets git's configuration,
// lists the key, keeps what its maker attests, and tells what is missing.
package signsetup

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Setting is one value of git's configuration.
type Setting struct {
	Key    string
	Value  string
	Scope  string // local, global, worktree, system, command
	Origin string // file:...
}

// git runs git in dir and gives its answer without the last line feed.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	var diag bytes.Buffer
	c := exec.CommandContext(ctx, "git", args...)
	c.Dir, c.Stderr = dir, &diag
	c.Env = append(os.Environ(), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
	out, err := c.Output()
	if err != nil {
		text, _, _ := strings.Cut(strings.TrimSpace(diag.String()), "\n")
		return "", &gitError{args[0], strings.TrimPrefix(text, "fatal: "), err}
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

type gitError struct {
	verb, text string
	cause      error
}

func (e *gitError) Error() string { return "git " + e.verb + ": " + e.text }

func (e *gitError) Unwrap() error { return e.cause }

// exitOne says that git answered "there is none".
func exitOne(err error) bool {
	var ended *exec.ExitError
	return errors.As(err, &ended) && ended.ExitCode() == 1
}

// setting reads a value as git itself would use it; ok is false when it is not
// set. The kind is a --type of git config, "" for plain text.
func setting(ctx context.Context, dir, kind, key string) (s Setting, ok bool, err error) {
	args := []string{"config", "--show-scope", "--show-origin", "-z"}
	if kind != "" {
		args = append(args, "--type="+kind)
	}
	out, err := git(ctx, dir, append(args, "--get", key)...)
	if exitOne(err) {
		return Setting{Key: key}, false, nil
	}
	if err != nil {
		return s, false, fault.Unable("read git's setting %s: %w", key, err)
	}
	words := strings.SplitN(strings.TrimSuffix(out, "\x00"), "\x00", 3)
	if len(words) != 3 {
		return s, false, fault.Unable("read git's setting %s: answer %q", key, out)
	}
	return Setting{key, words[2], words[0], words[1]}, true, nil
}

// draftSuffix marks a file that is being written, beside the one that it will
// replace.
const draftSuffix = ".clawql"

// pair is a setting to be made.
type pair struct{ key, value string }

// writeConfig makes all settings of a configuration file in one step: whoever
// reads it sees none of them or all. It takes git's own lock for the moment of
// the exchange, and refuses if the file changed meanwhile.
func writeConfig(ctx context.Context, path string, set []pair) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	before, mode, err := readOrEmpty(path)
	if err != nil {
		return fault.Unable("read %s: %w", path, err)
	}
	draft := path + draftSuffix
	if err := writeDraft(draft, before, mode); err != nil {
		return fault.Unable("write %s: %w", draft, err)
	}
	defer os.Remove(draft)
	for _, one := range set {
		if _, err := git(ctx, filepath.Dir(draft), "config", "--file", draft, "--replace-all", one.key, one.value); err != nil {
			return fault.Unable("set %s: %w", one.key, err)
		}
	}
	return exchange(path, draft, before)
}

func readOrEmpty(path string) ([]byte, os.FileMode, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0o644, nil
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	return content, info.Mode().Perm(), nil
}

// writeDraft leaves a whole file or none that anyone would take for one.
func writeDraft(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// exchange puts draft in the place of path, if path is still as before.
func exchange(path, draft string, before []byte) error {
	lock := path + ".lock"
	if err := os.Link(draft, lock); err != nil {
		return fault.Unable("lock %s: %w", path, err).Hint("another git may be changing it; if none runs, remove %s", lock)
	}
	now, _, err := readOrEmpty(path)
	if err == nil && !bytes.Equal(now, before) {
		err = errors.New("it was changed meanwhile")
	}
	if err == nil {
		err = os.Rename(lock, path)
	}
	if err != nil {
		os.Remove(lock)
		return fault.Unable("write %s: %w", path, err).Hint("run the command again")
	}
	return nil
}

// replaceFile writes a file of our own in one step.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	draft := path + draftSuffix
	err := writeDraft(draft, content, mode)
	if err == nil {
		err = os.Rename(draft, path)
	}
	if err != nil {
		os.Remove(draft)
		return fault.Unable("write %s: %w", path, err)
	}
	return nil
}
