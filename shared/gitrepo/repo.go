package gitrepo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Repo is one work tree and its repository. It is safe for use by several
// goroutines. Close ends its reader of objects.
type Repo struct {
	top     string // absolute, symbolic links resolved
	gitDir  string
	hexSize int // 40 for SHA-1 repositories, 64 for SHA-256
	objects objects
}

// Open finds the work tree that dir lies in, as git does, and refuses one
// whose configuration points elsewhere (core.worktree). A bare repository has
// no work tree and is refused. Not a repository: fault.Usage.
func Open(ctx context.Context, dir string) (*Repo, error) {
	real, err := resolve(dir)
	if err != nil {
		return nil, fault.Usage("open repository %q: %w", dir, err)
	}
	out, err := output(ctx, call{dir: real, env: []string{noTransport}, args: []string{
		"rev-parse", "--show-toplevel", "--absolute-git-dir", "--show-object-format"}})
	if err != nil {
		return nil, explainOpen(dir, err)
	}
	lines := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	if len(lines) != 3 {
		return nil, fault.Unable("open repository %q: git answered %d lines where 3 were asked for", dir, len(lines))
	}
	r := &Repo{gitDir: filepath.FromSlash(lines[1]), hexSize: map[string]int{"sha1": 40, "sha256": 64}[lines[2]]}
	if r.hexSize == 0 {
		return nil, fault.Unable("open repository %q: object format %q is unknown, allowed are sha1 and sha256", dir, lines[2])
	}
	if r.top, err = resolve(filepath.FromSlash(lines[0])); err != nil {
		return nil, fault.Unable("open repository %q: %w", dir, err)
	}
	return r, r.checkPlace(real)
}

// checkPlace refuses a work tree that does not hold dir, or that is not the
// one beside its own .git: then core.worktree shows git another folder.
func (r *Repo) checkPlace(dir string) error {
	rel, err := filepath.Rel(r.top, dir)
	outside := err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))
	_, statErr := os.Lstat(filepath.Join(r.top, ".git"))
	if outside || statErr != nil {
		return fault.Unable("open repository %q: its configuration says that its work tree is %q", dir, r.top).
			Hint("git config --unset core.worktree")
	}
	return nil
}

func resolve(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func explainOpen(dir string, err error) error {
	var g *gitError
	if !errors.As(err, &g) {
		return err
	}
	switch {
	case strings.Contains(g.all, "dubious ownership"):
		return fault.Unable("open repository %q: it belongs to another user, so git refuses to read it", dir).
			Hint("if you trust its owner: git config --global --add safe.directory %s", dir)
	case strings.Contains(g.all, "not a git repository"):
		return fault.Usage("open repository %q: neither it nor a folder above it is a git repository", dir).
			Hint("git init, or run the command inside your project")
	case strings.Contains(g.all, "must be run in a work tree"):
		return fault.Unable("open repository %q: git sees no work tree there (a bare repository, or core.worktree leads away)", dir).
			Hint("run the command in a clone with a work tree")
	}
	return fault.Unable("open repository %q: %w", dir, err)
}

// Top is the absolute path of the work tree's first folder.
func (r *Repo) Top() string { return r.top }

// Close ends the child process that reads objects. The Repo stays usable.
func (r *Repo) Close() error {
	r.objects.mu.Lock()
	defer r.objects.mu.Unlock()
	r.objects.stop()
	return nil
}

// git runs a local question: no transport may be used to answer it.
func (r *Repo) git(ctx context.Context, args ...string) ([]byte, error) {
	return output(ctx, r.local(args...))
}

func (r *Repo) local(args ...string) call {
	return call{dir: r.top, pre: r.place(), env: []string{noTransport}, args: args}
}

// place pins the repository and its work tree, which beats core.worktree.
func (r *Repo) place() []string {
	return []string{"--git-dir=" + r.gitDir, "--work-tree=" + r.top}
}

// Shallow says whether history was cut by a shallow clone.
func (r *Repo) Shallow(ctx context.Context) (bool, error) {
	out, err := r.git(ctx, "rev-parse", "--is-shallow-repository")
	return strings.TrimSpace(string(out)) == "true", err
}

// CurrentBranch is the branch that HEAD names, such as "main"; "" when HEAD is
// detached.
func (r *Repo) CurrentBranch(ctx context.Context) (string, error) {
	out, err := r.git(ctx, "symbolic-ref", "--quiet", "HEAD")
	var g *gitError
	if errors.As(err, &g) && g.exit == 1 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name, ok := strings.CutPrefix(strings.TrimSpace(string(out)), "refs/heads/")
	if !ok {
		return "", nil
	}
	return name, nil
}
