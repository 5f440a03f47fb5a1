package gitchange

import (
	"bytes"
	"context"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Change is one path that a commit adds, changes or removes.
type Change struct {
	Path             string // from the repository's root, with slashes
	Old, New         string // object ids; all zeros for none
	OldMode, NewMode string // such as 100644, 120000; 000000 for none
	Commit           string // the commit that does it; "" for the next one
}

// Deleted says that nothing is left at the path.
func (c Change) Deleted() bool { return c.NewMode == "000000" }

// Submodule says that the object is a commit of another repository.
func (c Change) Submodule() bool { return c.NewMode == "160000" }

// rawFlags ask for object ids and paths only, all of them, from the root.
var rawFlags = []string{"--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
	"--no-relative", "--ignore-submodules=none"}

// Staged lists what the index changes against base: HEAD, or the empty tree
// before the first commit.
func (r *Repo) Staged(ctx context.Context, base string) ([]Change, error) {
	args := append(append([]string{"diff-index", "--cached"}, rawFlags...), base, "--")
	out, err := r.run(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	changes, rest, err := parse(out, "")
	if err == nil && len(rest) > 0 {
		err = fault.Unable("git diff-index: output that is no change: %.40q", rest)
	}
	return changes, err
}

// Base is "HEAD", or the id of the empty tree in a repository without any
// commit. A HEAD that cannot be read for another reason is an error.
func (r *Repo) Base(ctx context.Context) (base string, err error) {
	if out, err := r.run(ctx, nil, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err == nil && len(out) > 0 {
		return "HEAD", nil
	}
	ref, err := r.run(ctx, nil, "symbolic-ref", "HEAD")
	if err != nil {
		return "", err
	}
	name := strings.TrimSpace(string(ref))
	// for-each-ref warns of a ref that is there and broken, and run makes that an error.
	there, err := r.run(ctx, nil, "for-each-ref", "--format=%(refname)", name)
	if err != nil {
		return "", err
	}
	if len(bytes.TrimSpace(there)) > 0 {
		return "", fault.Unable("read HEAD: %s is there, and no commit", name)
	}
	empty, err := r.run(ctx, []byte{}, "hash-object", "-t", "tree", "--stdin")
	return strings.TrimSpace(string(empty)), err
}

// parse reads raw changes up to the first field that is none.
func parse(out []byte, commit string) (changes []Change, rest []byte, err error) {
	for len(out) > 0 && out[0] == ':' {
		head, tail, ok := bytes.Cut(out, []byte{0})
		path, tail, ok2 := bytes.Cut(tail, []byte{0})
		words := strings.Fields(string(head[1:]))
		if !ok || !ok2 || len(words) != 5 || len(path) == 0 {
			return nil, nil, fault.Unable("git diff: a change that cannot be read: %.80q", out)
		}
		if words[4] == "U" {
			return nil, nil, fault.Unable("%s is not merged yet", path)
		}
		changes = append(changes, Change{Path: string(path), OldMode: words[0], NewMode: words[1], Old: words[2], New: words[3], Commit: commit})
		out = tail
	}
	return changes, out, nil
}

// Commits lists the commits of a range `A..B`, or of all refs for "".
func (r *Repo) Commits(ctx context.Context, span string) ([]string, error) {
	args := []string{"rev-list", "--all"}
	if span != "" {
		if strings.HasPrefix(span, "-") || !strings.Contains(span, "..") {
			return nil, fault.Usage("range %q is none; write A..B", span)
		}
		args = []string{"rev-list", "--end-of-options", span, "--"}
	}
	out, err := r.run(ctx, nil, args...)
	return strings.Fields(string(out)), err
}

// History lists what each of the commits changes against each of its parents.
func (r *Repo) History(ctx context.Context, commits []string) ([]Change, error) {
	if len(commits) == 0 {
		return nil, nil
	}
	args := append([]string{"diff-tree", "--stdin", "-r", "-m", "--root"}, rawFlags...)
	out, err := r.run(ctx, []byte(strings.Join(commits, "\n")+"\n"), args...)
	if err != nil {
		return nil, err
	}
	var all []Change
	for len(out) > 0 {
		head, tail, ok := bytes.Cut(out, []byte{0})
		if !ok {
			return nil, fault.Unable("git diff-tree: output that cannot be read: %.80q", out)
		}
		commit, _, _ := strings.Cut(strings.TrimSpace(string(head)), " ") // with -m: "ID (from PARENT)"
		some, rest, err := parse(tail, commit)
		if err != nil {
			return nil, err
		}
		all, out = append(all, some...), rest
	}
	return all, nil
}
