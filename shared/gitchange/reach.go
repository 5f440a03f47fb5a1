package gitchange

import (
	"bytes"
	"context"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Reach lists the commits that tips reach and not reaches not, oldest first.
// refs are sorts of references that count as not, too: "--branches",
// "--remotes", "--all". All tips must be here; of not, what is not here counts
// as nothing.
func (r *Repo) Reach(ctx context.Context, tips, not []string, refs ...string) ([]string, error) {
	commits, _, err := r.ReachEdge(ctx, tips, not, refs...)
	return commits, err
}

// ReachEdge is Reach, and the commits that not reaches on which the others
// build: enough of it to name the same set.
func (r *Repo) ReachEdge(ctx context.Context, tips, not []string, refs ...string) (commits, edge []string, err error) {
	if len(tips) == 0 {
		return nil, nil, nil
	}
	here, err := r.Here(ctx, not)
	if err != nil {
		return nil, nil, err
	}
	args := []string{"rev-list", "--topo-order", "--reverse", "--boundary", "--stdin"}
	if len(refs) > 0 {
		args = append(append(args, "--not"), refs...)
	}
	var diag bytes.Buffer
	c := r.command(ctx, &diag, args...)
	c.Env = append(c.Env, noShallow) // .git/shallow hides no parents
	c.Stdin = strings.NewReader(strings.Join(tips, "\n") + "\n" + except(here))
	out, err := c.Output()
	if err != nil || diag.Len() > 0 {
		return nil, nil, complaint("rev-list", err, diag.String())
	}
	for _, id := range strings.Fields(string(out)) {
		if left, out := strings.CutPrefix(id, "-"); out {
			edge = append(edge, left)
		} else {
			commits = append(commits, id)
		}
	}
	return commits, edge, nil
}

// except leaves out what commits reach, in the words of git rev-list --stdin.
func except(objects []Object) string {
	var b strings.Builder
	for _, one := range objects {
		if one.Kind == "commit" {
			b.WriteString("^" + one.ID + "\n")
		}
	}
	return b.String()
}

// Here tells of ids which of them are objects of this repository, and of what
// kind. Of an annotated tag it is what the tag points at, under Name the tag.
func (r *Repo) Here(ctx context.Context, ids []string) ([]Object, error) {
	var names []string
	for _, id := range ids {
		names = append(names, id+"^{}")
	}
	all, err := r.Named(ctx, names)
	for i := range all {
		all[i].Name = strings.TrimSuffix(all[i].Name, "^{}")
	}
	return all, err
}

// Named tells which of some names, such as COMMIT:PATH, stand for an object,
// in their order and without content.
func (r *Repo) Named(ctx context.Context, names []string) ([]Object, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := r.run(ctx, []byte(strings.Join(names, "\n")+"\n"), "cat-file", "--batch-check")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(names) {
		return nil, fault.Unable("git cat-file: %d answers to %d questions", len(lines), len(names))
	}
	var all []Object
	for i, line := range lines {
		words := strings.Fields(line)
		switch {
		case line == names[i]+" missing":
		case len(words) == 3:
			all = append(all, Object{Name: names[i], ID: words[0], Kind: words[1]})
		default:
			return nil, fault.Unable("git cat-file: %s: answer %.80q", names[i], line)
		}
	}
	return all, nil
}

// Values gives the ids that branches have now, by their full names; those that
// do not exist are left out.
func (r *Repo) Values(ctx context.Context, names []string) (map[string]string, error) {
	args := []string{"for-each-ref", "--format=%(objectname) %(refname)"}
	if len(names) > 100 {
		args = append(args, "refs/heads")
	} else {
		args = append(args, names...)
	}
	out, err := r.run(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(out)) {
		id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		values[name] = id
	}
	return values, nil
}

// Between lists what differs between two commits.
func (r *Repo) Between(ctx context.Context, from, to string) ([]Change, error) {
	args := append([]string{"diff-tree", "-r"}, rawFlags...)
	out, err := r.run(ctx, nil, append(args, from, to, "--")...)
	if err != nil {
		return nil, err
	}
	changes, rest, err := parse(out, "")
	if err == nil && len(rest) > 0 {
		err = fault.Unable("git diff-tree: output that is no change: %.40q", rest)
	}
	return changes, err
}

// TagName is the name that an annotated tag carries in itself.
func (r *Repo) TagName(ctx context.Context, id string) (string, error) {
	out, err := r.run(ctx, nil, "cat-file", "tag", id)
	if err != nil {
		return "", err
	}
	head, _, _ := strings.Cut(string(out), "\n\n")
	for line := range strings.Lines(head) {
		if name, ok := strings.CutPrefix(line, "tag "); ok {
			return strings.TrimSuffix(name, "\n"), nil
		}
	}
	return "", fault.Unable("read tag %.12s: it has no name", id)
}
