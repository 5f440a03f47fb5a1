// Package gitchange tells what the next commit, or commits of history, would
// add to a repository: names, modes and contents, from git's plumbing.
//
// It reads what git itself is about to commit. So, unlike package gitrepo, it
// honours GIT_INDEX_FILE and the other variables that git sets for a hook; but
// no attribute, driver, colour, order file or filter takes part, because raw
// diffs and blobs by id know none, and replace refs are off. Any complaint of
// git is an error, even where its exit code is 0.
package gitchange

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Repo is the repository around a folder.
type Repo struct{ dir string }

// In is the repository that git finds from dir; "" is the current folder.
// Whether there is one is seen at the first call.
func In(dir string) *Repo { return &Repo{dir} }

// settings beat every configuration file.
var settings = []string{
	"core.fsmonitor=false", "core.useReplaceRefs=false", "core.commitGraph=false", "core.quotePath=false",
	"color.ui=false", "diff.ignoreSubmodules=none", "advice.graftFileDeprecated=false",
	"diff.noprefix=false", "diff.relative=false", "protocol.ext.allow=never",
}

// dropped are variables that change what plumbing prints, or run programs.
var dropped = []string{
	"GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS",
	"GIT_ICASE_PATHSPECS", "GIT_REPLACE_REF_BASE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_PAGER", "LC_ALL", "LANGUAGE",
}

func environment() []string {
	var kept []string
	for _, one := range os.Environ() {
		name, _, _ := strings.Cut(one, "=")
		drop := strings.HasPrefix(name, "GIT_TRACE")
		for _, bad := range dropped {
			drop = drop || name == bad
		}
		if !drop {
			kept = append(kept, one)
		}
	}
	return append(kept, "GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull, "GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=none", "LC_ALL=C")
}

// command is git with args, its complaints in diag.
func (r *Repo) command(ctx context.Context, diag *bytes.Buffer, args ...string) *exec.Cmd {
	full := []string{"--no-pager", "--no-replace-objects"}
	for _, one := range settings {
		full = append(full, "-c", one)
	}
	c := exec.CommandContext(ctx, "git", append(full, args...)...)
	c.Dir, c.Env, c.Stderr = r.dir, environment(), diag
	return c
}

// run gives git's answer. A warning on stderr is an error too: half an answer
// (a broken ref skipped, say) must not pass for a whole one.
func (r *Repo) run(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	return r.start(ctx, stdin, args...)()
}

// start is run in two steps: the function, to be called once, waits.
func (r *Repo) start(ctx context.Context, stdin []byte, args ...string) (wait func() ([]byte, error)) {
	var diag, out bytes.Buffer
	c := r.command(ctx, &diag, args...)
	c.Stdout = &out
	if stdin != nil {
		c.Stdin = bytes.NewReader(stdin)
	}
	err := c.Start()
	return func() ([]byte, error) {
		if err == nil {
			err = c.Wait()
		}
		if err != nil || diag.Len() > 0 {
			return out.Bytes(), complaint(args[0], err, diag.String())
		}
		return out.Bytes(), nil
	}
}

func complaint(verb string, err error, diag string) error {
	text := strings.TrimSpace(diag)
	if line, _, more := strings.Cut(text, "\n"); more {
		text = line
	}
	if err == nil {
		return fault.Unable("git %s: %s", verb, text)
	}
	if text == "" {
		return fault.Unable("git %s: %w", verb, err)
	}
	return fault.Unable("git %s: %s: %w", verb, strings.TrimPrefix(text, "fatal: "), err)
}

// Top is the root of the work tree.
func (r *Repo) Top(ctx context.Context) (string, error) {
	out, err := r.run(ctx, nil, "rev-parse", "--show-toplevel")
	return strings.TrimSuffix(string(out), "\n"), err
}
