package gitchange

import (
	"bytes"
	"context"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Commits lists the commits of a range `A..B`, oldest first.
func (r *Repo) Commits(ctx context.Context, span string) ([]string, error) {
	if strings.HasPrefix(span, "-") || !strings.Contains(span, "..") {
		return nil, fault.Usage("range %q is none; write A..B", span)
	}
	return r.list(ctx, "--end-of-options", span, "--")
}

// AllCommits lists the commits of all refs, of HEAD, and of the stash's older
// entries, which only its reflog holds; oldest first.
func (r *Repo) AllCommits(ctx context.Context) ([]string, error) {
	stash, err := r.stash(ctx)
	if err != nil {
		return nil, err
	}
	return r.list(ctx, append(append([]string{"--all"}, stash...), "--")...)
}

func (r *Repo) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := r.run(ctx, nil, append([]string{"rev-list", "--topo-order", "--reverse"}, args...)...)
	return strings.Fields(string(out)), err
}

func (r *Repo) stash(ctx context.Context) ([]string, error) {
	there, err := r.run(ctx, nil, "for-each-ref", "--format=%(refname)", "refs/stash")
	if err != nil || len(bytes.TrimSpace(there)) == 0 {
		return nil, err
	}
	out, err := r.run(ctx, nil, "rev-list", "--walk-reflogs", "refs/stash", "--")
	return strings.Fields(string(out)), err
}

// Ref is a name and what it points at.
type Ref struct {
	Name string
	ID   string
	Kind string // of the object: commit, tag, tree, blob
}

// Refs lists all refs, HEAD left out.
func (r *Repo) Refs(ctx context.Context) ([]Ref, error) {
	out, err := r.run(ctx, nil, "for-each-ref", "--format=%(objectname) %(objecttype) %(refname)")
	if err != nil {
		return nil, err
	}
	var all []Ref
	for line := range strings.Lines(string(out)) {
		words := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(words) != 3 {
			return nil, fault.Unable("git for-each-ref: line %.80q is no ref", line)
		}
		all = append(all, Ref{ID: words[0], Kind: words[1], Name: words[2]})
	}
	return all, nil
}

// Resolve gives the id of the commit that a revision names.
func (r *Repo) Resolve(ctx context.Context, revision string) (string, error) {
	out, err := r.run(ctx, nil, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	words := strings.Fields(string(out)) // older git repeats --end-of-options
	id := strings.Join(words[max(0, len(words)-1):], "")
	if err == nil && strings.Trim(id, "0123456789abcdef") != "" {
		err = fault.Unable("git rev-parse: %q gave %.80q", revision, id)
	}
	return id, err
}

// History lists what each of the commits changes, a merge against all its
// parents: what it took from one of them as it was is no change.
func (r *Repo) History(ctx context.Context, commits []string) ([]Change, error) {
	if len(commits) == 0 {
		return nil, nil
	}
	args := append([]string{"diff-tree", "--stdin", "-r", "-c", "--root"}, rawFlags...)
	out, err := r.run(ctx, []byte(strings.Join(commits, "\n")+"\n"), args...)
	if err != nil {
		return nil, err
	}
	var all []Change
	for len(out) > 0 {
		head, tail, ok := bytes.Cut(out, []byte{0})
		commit := strings.TrimSpace(string(head))
		if !ok || len(commit) < 40 {
			return nil, fault.Unable("git diff-tree: output that cannot be read: %.80q", out)
		}
		some, rest, err := parse(tail, commit)
		if err != nil {
			return nil, err
		}
		all, out = append(all, some...), rest
	}
	return all, nil
}

// Tree lists all that a tree holds, as changes that add it.
func (r *Repo) Tree(ctx context.Context, id string) ([]Change, error) {
	empty, err := r.run(ctx, []byte{}, "hash-object", "-t", "tree", "--stdin")
	if err != nil {
		return nil, err
	}
	args := append([]string{"diff-tree", "-r"}, rawFlags...)
	out, err := r.run(ctx, nil, append(args, strings.TrimSpace(string(empty)), id, "--")...)
	if err != nil {
		return nil, err
	}
	all, rest, err := parse(out, "")
	if err == nil && len(rest) > 0 {
		err = fault.Unable("git diff-tree: output that is no change: %.40q", rest)
	}
	return all, err
}

// Held says whether a branch, or a remote-tracking one, has a commit.
func (r *Repo) Held(ctx context.Context, id string) (bool, error) {
	out, err := r.run(ctx, nil, "for-each-ref", "--count=1", "--contains="+id, "refs/heads", "refs/remotes")
	return len(bytes.TrimSpace(out)) > 0, err
}
