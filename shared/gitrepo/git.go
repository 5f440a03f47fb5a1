// Package gitrepo reads a git repository that may be set against the reader:
// its own configuration, its index bits, its grafts, replace refs and caches
// are not believed. It runs git's plumbing as a child process (go-git fails on
// some repositories) and checks every object that it reads against its name,
// so that what a caller gets is what the commit's id stands for.
package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// settings are given on every command line, where they beat every file: no
// helper program of the repository's configuration runs, no cache that could
// lie is read, and output has one form.
var settings = []string{
	"core.fsmonitor=false", "core.hooksPath=" + os.DevNull, "core.attributesFile=" + os.DevNull,
	"core.untrackedCache=false", "core.commitGraph=false", "core.useReplaceRefs=false",
	"core.trustctime=true", "core.checkStat=default", "core.safecrlf=false",
	"core.sparseCheckout=false", "core.quotePath=false", "core.pager=cat", "color.ui=false",
	"index.sparse=false", "status.renames=false", "status.showStash=false",
	"diff.ignoreSubmodules=none", "submodule.recurse=false",
	"protocol.ext.allow=never", "gc.auto=0", "maintenance.auto=false",
	"advice.graftFileDeprecated=false",
}

// fixed is the environment of every call, after all GIT_* of the caller's has
// been dropped. GIT_ALLOW_PROTOCOL keeps a partial clone from fetching, and so
// from running transport programs, behind a local question.
var fixed = []string{
	"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE=" + os.DevNull, "GIT_OPTIONAL_LOCKS=0",
	"GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "GIT_NO_LAZY_FETCH=1",
	"LC_ALL=C", "LANGUAGE=",
}

const noTransport = "GIT_ALLOW_PROTOCOL=none"

// network are the caller's variables that reach git when it asks a remote:
// how to log in, never where the repository is.
var network = []string{
	"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
	"GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_PROXY_SSL_CAINFO",
}

// call is one run of git.
type call struct {
	dir   string   // where it runs
	pre   []string // before the subcommand, such as --git-dir
	env   []string // added last, so it wins
	args  []string
	stdin []byte
}

// command builds the child process of c.
func command(ctx context.Context, c call) (*exec.Cmd, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, fault.Unable("run git: %w", err).Hint("install git 2.30 or later")
	}
	args := []string{"--no-pager", "--no-replace-objects", "--no-optional-locks"}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	if runtime.GOOS != "windows" {
		args = append(args, "-c", "core.fileMode=true")
	}
	cmd := exec.CommandContext(ctx, program, append(append(args, c.pre...), c.args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(append(clean(os.Environ()), fixed...), c.env...)
	cmd.WaitDelay = 2 * time.Second // a transport program may keep the pipes open
	return cmd, nil
}

// clean drops every GIT_* variable: one of them is enough to make git read
// another index, object store or configuration.
func clean(environ []string) []string {
	var kept []string
	for _, kv := range environ {
		name := strings.ToUpper(kv[:max(strings.IndexByte(kv, '='), 0)])
		if !strings.HasPrefix(name, "GIT_") && name != "LC_ALL" && name != "LANGUAGE" {
			kept = append(kept, kv)
		}
	}
	return kept
}

// output runs c and returns its standard output.
func output(ctx context.Context, c call) ([]byte, error) {
	cmd, err := command(ctx, c)
	if err != nil {
		return nil, err
	}
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	if c.stdin != nil {
		cmd.Stdin = bytes.NewReader(c.stdin)
	}
	if err := cmd.Run(); err != nil {
		return out.Bytes(), failure(ctx, c, err, diag.String())
	}
	return out.Bytes(), nil
}

// gitError is git's own complaint, kept apart so that callers can read it.
type gitError struct {
	exit int
	text string // the first line of git's standard error, without "fatal: "
	all  string
}

func (e *gitError) Error() string { return e.text }

func failure(ctx context.Context, c call, err error, diag string) error {
	if ctx.Err() != nil {
		return fault.Unable("git %s: %w", c.args[0], ctx.Err())
	}
	exit := -1
	var status *exec.ExitError
	if errors.As(err, &status) {
		exit = status.ExitCode()
	}
	text := firstLine(diag)
	if text == "" {
		text = err.Error()
	}
	return fault.Unable("git %s: %w", c.args[0], &gitError{exit, text, diag})
}

// firstLine picks the line of git's complaint that says most.
func firstLine(diag string) string {
	lines := strings.Split(strings.TrimSpace(diag), "\n")
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, "fatal: "); ok {
			return withoutPassword(rest)
		}
	}
	return withoutPassword(strings.TrimPrefix(lines[0], "error: "))
}
