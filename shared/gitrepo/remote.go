package gitrepo

import (
	"context"
	"errors"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Remotes are the names of the configured remotes.
func (r *Repo) Remotes(ctx context.Context) ([]string, error) {
	out, err := r.git(ctx, "remote")
	return strings.Fields(string(out)), err
}

// RemoteURL is the address that git asks for the remote, after url.insteadOf,
// without user name and password.
func (r *Repo) RemoteURL(ctx context.Context, remote string) (string, error) {
	out, err := r.git(ctx, "ls-remote", "--get-url", "--", remote)
	return withoutPassword(strings.TrimSpace(string(out))), err
}

// RemoteTip asks the remote itself for the commit that its branch points to.
// What this clone remembers of it (refs/remotes) is not looked at. The answer
// is "" when the remote has no such branch, and an error when it cannot be
// reached. The commit need not be in this clone.
func (r *Repo) RemoteTip(ctx context.Context, remote, branch string) (string, error) {
	ref := "refs/heads/" + branch
	c := r.local("ls-remote", "--refs", "--upload-pack=git-upload-pack", "--", remote, ref)
	c.env = login(os.Environ()) // and no ban on transports
	out, err := output(ctx, c)
	if err != nil {
		where, _ := r.RemoteURL(ctx, remote)
		return "", fault.Unable("ask remote %q (%s) for its branch %q: %w", remote, where, branch, err).
			Hint("see what git says: git ls-remote %s", remote)
	}
	for _, line := range strings.Split(string(out), "\n") {
		// The remote may answer more refs whose names end alike.
		if id, name, _ := strings.Cut(line, "\t"); name == ref {
			return r.checkTip(remote, id)
		}
	}
	return "", nil
}

func (r *Repo) checkTip(remote, id string) (string, error) {
	if !r.validID(id) {
		return "", fault.Unable("ask remote %q: it answered %q, which is no id of this repository's object format", remote, id)
	}
	return id, nil
}

// BranchTip is the commit of a local branch as a full id; "" when there is no
// such branch. A tag of the same name does not count.
func (r *Repo) BranchTip(ctx context.Context, branch string) (string, error) {
	out, err := r.git(ctx, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/"+branch)
	if err != nil {
		return "", err
	}
	for _, line := range strings.Split(string(out), "\n") {
		if id, ok := strings.CutPrefix(line, "refs/heads/"+branch+" "); ok {
			return id, nil
		}
	}
	return "", nil
}

// login picks the variables that tell git how to log in.
func login(environ []string) []string {
	var kept []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		for _, allowed := range network {
			if name == allowed {
				kept = append(kept, kv)
			}
		}
	}
	return kept
}

var password = regexp.MustCompile(`([a-z][a-z0-9+.-]*://)[^/@\s]*@`)

// withoutPassword drops user name and password from every URL in text.
func withoutPassword(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		u.User = nil
		return u.String()
	}
	return password.ReplaceAllString(text, "$1")
}

func exitCode(err error) int {
	var g *gitError
	if errors.As(err, &g) {
		return g.exit
	}
	return 0
}
