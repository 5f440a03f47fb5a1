package changegate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitrepo"
)

// onBranch asks whether HEAD is a state that the protected branch had.
func (q *inquiry) onBranch(ctx context.Context) error {
	remotes, err := q.repo.Remotes(ctx)
	if err != nil {
		return err
	}
	p := q.policy
	switch {
	case slices.Contains(remotes, p.Remote):
		return q.onRemote(ctx)
	case p.RemoteURL != "":
		q.note("branch", nil, "there is no remote %q", p.Remote)
		q.fail(fmt.Sprintf("there is no remote %q, and it must be %s", p.Remote, p.RemoteURL), fmt.Sprintf("git remote add %s %s", p.Remote, p.RemoteURL))
		return nil
	case len(remotes) > 0:
		return fault.Usage("there is no remote %q; the remotes are %s", p.Remote, strings.Join(remotes, ", ")).
			Hint("name the remote that protects branch %q in the configuration", p.ProtectedBranch)
	}
	return q.onLocal(ctx)
}

func (q *inquiry) onLocal(ctx context.Context) error {
	tip, err := q.repo.BranchTip(ctx, q.policy.ProtectedBranch)
	if err != nil {
		return err
	}
	q.note("branch", map[string]string{"tip": tip}, "no remote: the branch is only protected on this machine")
	return q.place(ctx, tip, "of this repository", "git switch "+q.policy.ProtectedBranch)
}

func (q *inquiry) onRemote(ctx context.Context) error {
	p := q.policy
	where, err := q.repo.RemoteURL(ctx, p.Remote)
	if err != nil {
		return err
	}
	if p.RemoteURL != "" && address(where) != address(p.RemoteURL) {
		q.note("branch", map[string]string{"remote": where}, "remote %q is %s", p.Remote, where)
		q.fail(fmt.Sprintf("remote %q is %s, and it must be %s", p.Remote, where, p.RemoteURL), "git remote set-url "+p.Remote+" "+p.RemoteURL)
		return nil
	}
	tip, err := q.repo.RemoteTip(ctx, p.Remote, p.ProtectedBranch)
	if err != nil {
		return err
	}
	q.note("branch", map[string]string{"remote": where, "tip": tip}, "%s at %s says that branch %q is at %s", p.Remote, where, p.ProtectedBranch, orNowhere(tip))
	return q.place(ctx, tip, "of "+p.Remote, fmt.Sprintf("git push %s HEAD:<a branch>, and merge it after review", p.Remote))
}

func address(url string) string {
	return strings.TrimSuffix(strings.TrimSuffix(url, "/"), ".git")
}

func orNowhere(tip string) string {
	if tip == "" {
		return "no commit: there is none of this name"
	}
	return tip
}

// place finds HEAD on the branch's own line. A commit that came in through a
// merge is part of the branch's history too, but what was reviewed is the
// merge: the branch never had that state.
func (q *inquiry) place(ctx context.Context, tip, whose, hint string) error {
	branch := q.policy.ProtectedBranch
	if tip == "" {
		q.fail(fmt.Sprintf("there is no branch %q %s", branch, whose), hint)
		return nil
	}
	line, found, err := q.repo.FirstParents(ctx, tip, q.head.ID)
	if err != nil {
		return fetchFirst(err, tip)
	}
	if found {
		q.where = position(len(line), branch, whose)
		q.note("branch", nil, "HEAD is %s", q.where)
		return nil
	}
	merged, err := q.repo.IsAncestor(ctx, q.head.ID, tip)
	if err != nil {
		return err
	}
	if merged {
		q.fail(fmt.Sprintf("HEAD %s came into branch %q %s through a merge and was never its tip", q.head.Short(), branch, whose), "deploy the merge itself, or the tip")
		return nil
	}
	q.fail(fmt.Sprintf("HEAD %s is not on branch %q %s", q.head.Short(), branch, whose), hint)
	return nil
}

func position(behind int, branch, whose string) string {
	if behind == 0 {
		return fmt.Sprintf("the tip of %s %s", branch, whose)
	}
	return fmt.Sprintf("on %s %s, %d behind its tip", branch, whose, behind)
}

func fetchFirst(err error, tip string) error {
	var missing *gitrepo.MissingError
	if errors.As(err, &missing) && missing.ID == tip {
		return fault.Unable("the branch's tip %s is not in this clone, so its history cannot be told", short(tip)).Hint("git fetch")
	}
	return err
}
