package gitrepo

import (
	"context"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// FirstParents is the line of commits from tip back along first parents, the
// newest first, up to but without the commit until; found says whether until
// lies on the line. With until "" the line goes back to the root, and found is
// true. Parents are read from the objects themselves: a graft, a replace ref,
// a shallow file or a forged commit-graph changes nothing. Both are full ids.
func (r *Repo) FirstParents(ctx context.Context, tip, until string) (line []Commit, found bool, err error) {
	for id := tip; id != until; {
		c, err := r.Commit(ctx, id)
		if err != nil {
			return nil, false, err
		}
		line = append(line, c)
		if len(c.Parents) == 0 {
			return line, until == "", nil
		}
		id = c.Parents[0]
	}
	return line, true, nil
}

// FirstParentChanges lists the commits of the first-parent line from tip back
// to until ("": the root) in which file differs from the first parent, the
// newest first.
func (r *Repo) FirstParentChanges(ctx context.Context, tip, until, file string) ([]Commit, error) {
	line, _, err := r.FirstParents(ctx, tip, until)
	if err != nil {
		return nil, err
	}
	var changed []Commit
	for _, c := range line {
		before := ""
		if len(c.Parents) > 0 {
			if before, err = r.BlobID(ctx, c.Parents[0], file); err != nil {
				return nil, err
			}
		}
		after, err := r.BlobID(ctx, c.ID, file)
		if err != nil {
			return nil, err
		}
		if before != after {
			changed = append(changed, c)
		}
	}
	return changed, nil
}

// IsAncestor says whether old is young or lies in its history, through any
// parent. When a part of the history is not in this clone and old was not
// found in the rest, that is an error: nobody can tell. Both are full ids.
func (r *Repo) IsAncestor(ctx context.Context, old, young string) (bool, error) {
	seen := map[string]bool{young: true}
	var unread error
	for queue := []string{young}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == old {
			return true, nil
		}
		c, err := r.Commit(ctx, queue[0])
		if err != nil {
			unread = err
			continue
		}
		for _, p := range c.Parents {
			if !seen[p] {
				seen[p] = true
				queue = append(queue, p)
			}
		}
	}
	return false, unread
}

// MergeBases are the best common ancestors of two commits, as full ids; none
// when their histories never met.
func (r *Repo) MergeBases(ctx context.Context, a, b string) ([]string, error) {
	for _, id := range []string{a, b} {
		if !r.validID(id) {
			return nil, fault.Unable("find merge base: %q is not a full object id of this repository", id)
		}
	}
	c := r.local("merge-base", "--all", a, b)
	c.env = append(c.env, "GIT_SHALLOW_FILE=") // history must not end where .git/shallow says
	out, err := output(ctx, c)
	if exitCode(err) == 1 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}
