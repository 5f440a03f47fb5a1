package hookinstall

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// git asks git in dir. Only what would change its answer's form is taken from
// the environment: where it looks, is what is asked.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", args...)
	c.Dir = dir
	for _, one := range os.Environ() {
		if name, _, _ := strings.Cut(one, "="); !strings.HasPrefix(name, "GIT_TRACE") && name != "LANGUAGE" && name != "LC_ALL" {
			c.Env = append(c.Env, one)
		}
	}
	c.Env = append(c.Env, "LC_ALL=C", "GIT_PAGER=cat", "GIT_TERMINAL_PROMPT=0")
	var diag bytes.Buffer
	c.Stderr = &diag
	out, err := c.Output()
	if err == nil {
		return string(out), nil
	}
	text, _, _ := strings.Cut(strings.TrimSpace(diag.String()), "\n")
	text = strings.TrimPrefix(text, "fatal: ")
	switch {
	case strings.Contains(text, "dubious ownership"):
		return "", fault.Unable("read the repository: it belongs to another user, so git refuses to read it").
			Hint("if you trust its owner: git config --global --add safe.directory %s", dir)
	case strings.Contains(text, "not a git repository"):
		return "", fault.Usage("find a repository: neither this folder nor one above it is in one").
			Hint("git init, or --global for all your repositories")
	case text == "":
		return "", fault.Unable("git %s: %w", args[0], err)
	}
	return "", fault.Unable("git %s: %s: %w", args[0], text, err)
}

// maybe is git's answer, or "" where git says no (exit 1).
func maybe(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := git(ctx, dir, args...)
	var ended *exec.ExitError
	if asExit(err, &ended) && ended.ExitCode() == 1 {
		return "", nil
	}
	return out, err
}

// version is git's, as 2.54 is {2, 54}.
type version struct{ major, minor int }

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

// parseVersion reads `git version 2.54.0 (Apple Git-1)`. What cannot be read
// counts as old: the files that old gits read are read by new ones too.
func parseVersion(text string) version {
	words := strings.Fields(text)
	if len(words) < 3 {
		return version{}
	}
	parts := strings.SplitN(words[2], ".", 3)
	if len(parts) < 2 {
		return version{}
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil {
		return version{}
	}
	return version{major, minor}
}
