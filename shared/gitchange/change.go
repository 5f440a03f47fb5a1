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

	// Others are the versions in the further parents of a merge. A merge
	// changes only what differs from all its parents.
	Others []Version
}

// Version is what one parent has at a path.
type Version struct{ Mode, ID string }

// Before lists what the parents have at the path, parents without it left out.
func (c Change) Before() []Version {
	var all []Version
	for _, v := range append([]Version{{c.OldMode, c.Old}}, c.Others...) {
		if v.Mode != absent {
			all = append(all, v)
		}
	}
	return all
}

// absent is the mode of a path that is not there.
const absent = "000000"

// Deleted says that nothing is left at the path.
func (c Change) Deleted() bool { return c.NewMode == absent }

// Submodule says that the object is a commit of another repository.
func (c Change) Submodule() bool { return c.NewMode == "160000" }

// rawFlags ask for object ids and paths only, all of them, from the root.
var rawFlags = []string{"--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
	"--no-relative", "--ignore-submodules=none"}

// Staged lists what the index changes against base: HEAD, or the empty tree
// before the first commit.
func (r *Repo) Staged(ctx context.Context, base string) ([]Change, error) {
	return r.StagedLater(ctx, base)()
}

// StagedLater starts git and returns at once; the function, to be called once,
// waits for what Staged gives.
func (r *Repo) StagedLater(ctx context.Context, base string) func() ([]Change, error) {
	args := append(append([]string{"diff-index", "--cached"}, rawFlags...), base, "--")
	wait := r.start(ctx, nil, args...)
	return func() ([]Change, error) {
		out, err := wait()
		if err != nil {
			return nil, err
		}
		changes, rest, err := parse(out, "")
		if err == nil && len(rest) > 0 {
			err = fault.Unable("git diff-index: output that is no change: %.40q", rest)
		}
		return changes, err
	}
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

// parse reads raw changes up to the first field that is none. A change of a
// merge begins with as many colons as there are parents.
func parse(out []byte, commit string) (changes []Change, rest []byte, err error) {
	for len(out) > 0 && out[0] == ':' {
		head, tail, ok := bytes.Cut(out, []byte{0})
		path, tail, ok2 := bytes.Cut(tail, []byte{0})
		words := strings.Fields(strings.TrimLeft(string(head), ":"))
		parents := bytes.IndexFunc(head, func(r rune) bool { return r != ':' })
		if !ok || !ok2 || len(path) == 0 || parents < 1 || len(words) != 2*parents+3 {
			return nil, nil, fault.Unable("git diff: a change that cannot be read: %.80q", out)
		}
		modes, ids, status := words[:parents+1], words[parents+1:2*parents+2], words[2*parents+2]
		if status == "U" {
			return nil, nil, fault.Unable("%s is not merged yet", path)
		}
		one := Change{Path: string(path), OldMode: modes[0], NewMode: modes[parents], Old: ids[0], New: ids[parents], Commit: commit}
		for i := 1; i < parents; i++ {
			one.Others = append(one.Others, Version{modes[i], ids[i]})
		}
		changes = append(changes, one)
		out = tail
	}
	return changes, out, nil
}
