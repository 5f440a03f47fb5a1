package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Commit is what a commit object says. Everything in it was written by
// whoever made the commit; only a signature over Raw makes it more than a claim.
type Commit struct {
	ID      string
	Tree    string
	Parents []string // in the order of the object, not of grafts or replace refs

	AuthorName, AuthorEmail       string
	CommitterName, CommitterEmail string
	CommitTime                    time.Time

	Subject string // the first line of the message
	Raw     []byte // the object's content, as it was hashed
}

// Short is the commit's id for people.
func (c Commit) Short() string { return short(c.ID) }

// Head is the commit that is checked out.
func (r *Repo) Head(ctx context.Context) (Commit, error) {
	c, err := r.Commit(ctx, "HEAD")
	var g *gitError
	if errors.As(err, &g) {
		return c, fault.Unable("read HEAD: %w", err).Hint("make a first commit, or check out a branch")
	}
	return c, err
}

// Commit reads the commit that rev names: a full id, "HEAD", or a full ref
// name such as "refs/heads/main". Short names are refused, because a tag and
// a branch can share one.
func (r *Repo) Commit(ctx context.Context, rev string) (Commit, error) {
	id, err := r.commitID(ctx, rev)
	if err != nil {
		return Commit{}, err
	}
	raw, err := r.object(ctx, "commit", id)
	if err != nil {
		return Commit{}, err
	}
	c, err := parseCommit(raw)
	if err != nil {
		return Commit{}, fault.Unable("read commit %s: %w", short(id), err).Hint("no honest tool writes such a commit: make it anew, and see git fsck")
	}
	c.ID = id
	for _, other := range append([]string{c.Tree}, c.Parents...) {
		if !r.validID(other) {
			return Commit{}, fault.Unable("read commit %s: it names the object %q, which is no id of this repository", short(id), other)
		}
	}
	return c, nil
}

func (r *Repo) commitID(ctx context.Context, rev string) (string, error) {
	if r.validID(rev) {
		return rev, nil
	}
	if rev != "HEAD" && !strings.HasPrefix(rev, "refs/") {
		return "", fault.Unable("find commit %q: allowed are a full id, HEAD and names that begin with refs/", rev)
	}
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", rev+"^{commit}")
	id := strings.TrimSpace(string(out))
	if err != nil || !r.validID(id) {
		return "", fault.Unable("find commit %q: there is none of this name: %w", rev, notFound(err))
	}
	return id, nil
}

func notFound(err error) error {
	var g *gitError
	if errors.As(err, &g) {
		return g
	}
	if err == nil {
		return errors.New("git gave no id")
	}
	return err
}

// parseCommit reads the headers in the only order that git writes: tree,
// parents, author, committer, then any others. git ignores a second tree or a
// late parent silently; here the order makes them an error.
func parseCommit(raw []byte) (Commit, error) {
	c := Commit{Raw: raw}
	head, message, ok := bytes.Cut(raw, []byte("\n\n"))
	if !ok {
		head, message = bytes.TrimSuffix(raw, []byte("\n")), nil
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return c, errors.New("its headers hold a zero byte")
	}
	lines := strings.Split(string(head), "\n")
	next := func(key string) (string, bool) {
		if len(lines) == 0 {
			return "", false
		}
		value, ok := strings.CutPrefix(lines[0], key+" ")
		if ok {
			lines = lines[1:]
		}
		return value, ok
	}
	if c.Tree, ok = next("tree"); !ok {
		return c, errors.New("it does not begin with a tree")
	}
	for parent, ok := next("parent"); ok; parent, ok = next("parent") {
		c.Parents = append(c.Parents, parent)
	}
	author, ok1 := next("author")
	committer, ok2 := next("committer")
	if !ok1 || !ok2 {
		return c, errors.New("it has no author and committer after its parents")
	}
	for _, line := range lines {
		if key, _, _ := strings.Cut(line, " "); isCore(key) {
			return c, fmt.Errorf("it has a second %q header", key)
		}
	}
	var err error
	if c.AuthorName, c.AuthorEmail, _, err = parseIdentity(author); err != nil {
		return c, fmt.Errorf("author: %w", err)
	}
	if c.CommitterName, c.CommitterEmail, c.CommitTime, err = parseIdentity(committer); err != nil {
		return c, fmt.Errorf("committer: %w", err)
	}
	subject, _, _ := strings.Cut(strings.TrimLeft(string(message), "\n"), "\n")
	c.Subject = strings.TrimSpace(subject)
	return c, nil
}

func isCore(key string) bool {
	return key == "tree" || key == "parent" || key == "author" || key == "committer"
}

// parseIdentity reads `Name <mail> 1700000000 +0100`.
func parseIdentity(s string) (name, email string, when time.Time, err error) {
	open, end := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 || end < open || strings.ContainsAny(s[open+1:end], "<>") {
		return "", "", when, fmt.Errorf("%q has no e-mail between < and >", s)
	}
	words := strings.Fields(s[end+1:])
	if len(words) != 2 {
		return "", "", when, fmt.Errorf("%q has no time after its e-mail", s)
	}
	seconds, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || seconds < 0 {
		return "", "", when, fmt.Errorf("%q is no time in seconds", words[0])
	}
	return strings.TrimSpace(s[:open]), s[open+1 : end], time.Unix(seconds, 0).UTC(), nil
}
