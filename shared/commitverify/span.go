package commitverify

import (
	"context"
	"errors"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Span is a part of history, and whose policy counts for it.
type Span struct {
	Revisions []string // for Options
	Anchor    string   // for Options
	Name      string   // for people, such as origin/main..HEAD
}

// ParseSpan reads A..B; the policy is that of A. An A of zeros only, as forges
// write it for a branch that is new, stands for the protected branch. Anything
// else is a fault.Usage.
func ParseSpan(ctx context.Context, repo *gitchange.Repo, text string) (Span, error) {
	from, to, ok := strings.Cut(text, "..")
	bad := !ok || from == "" || to == "" || strings.HasPrefix(to, ".") || strings.Contains(to, "..")
	if bad || strings.HasPrefix(from, "-") || strings.HasPrefix(from, "^") || strings.ContainsAny(text, " \n\x00") {
		return Span{}, fault.Usage("range %q is none; write A..B", text)
	}
	if strings.Trim(from, "0") == "" {
		base, err := protected(ctx, repo)
		if err == nil && base == "" {
			err = fault.Unable("range %s: it is a new branch, and there is no protected branch in this clone to compare it with", text).
				Hint("fetch the protected branch too, or name it: --range origin/main..%s", to)
		}
		if err != nil {
			return Span{}, err
		}
		from = base
	}
	for _, one := range []string{from, to} {
		if id, err := repo.Lookup(ctx, one); err != nil || id == "" {
			return Span{}, errors.Join(err, fault.Unable("range %s: there is no commit %q in this clone", text, one).
				Hint("in CI fetch the whole history: fetch-depth: 0"))
		}
	}
	return Span{[]string{to, "^" + from, "--"}, from, from + ".." + to}, nil
}

// Outgoing is what HEAD has and the protected branch of the remote lacks;
// without such a branch, what the upstream lacks; without that, all of HEAD's
// history, whose trust begins with itself.
func Outgoing(ctx context.Context, repo *gitchange.Repo) (Span, error) {
	base, err := protected(ctx, repo)
	if err != nil || base != "" {
		return Span{[]string{"HEAD", "^" + base, "--"}, base, base + "..HEAD"}, err
	}
	return Everything(ctx, repo)
}

// Everything is the whole history of HEAD; trust begins with the first commit
// that brings a list.
func Everything(ctx context.Context, repo *gitchange.Repo) (Span, error) {
	if id, err := repo.Lookup(ctx, "HEAD"); err != nil || id == "" {
		return Span{}, errors.Join(err, fault.Unable("read HEAD: there is no commit yet"))
	}
	return Span{[]string{"HEAD", "--"}, "", "all of HEAD"}, nil
}

// protected finds the branch that the remote protects, as this clone knows it;
// "" when there is none.
func protected(ctx context.Context, repo *gitchange.Repo) (string, error) {
	change := project.Defaults().Change
	if p, err := at(ctx, repo, "HEAD"); err == nil {
		change = p.Change
	}
	remote := "refs/remotes/" + change.Remote + "/"
	for _, name := range []string{remote + change.ProtectedBranch, remote + "HEAD", remote + "master", "@{upstream}"} {
		id, err := repo.Lookup(ctx, name)
		if err != nil && name == "@{upstream}" {
			return "", nil // HEAD is no branch, or it has no upstream
		}
		if err != nil || id != "" {
			return strings.TrimPrefix(name, "refs/remotes/"), err
		}
	}
	return "", nil
}

// at is clawql.yaml as a commit has it; the defaults where there is none.
func at(ctx context.Context, repo *gitchange.Repo, commit string) (*project.Project, error) {
	objects, err := repo.Objects(ctx)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	content, err := objects.Blob(commit + ":" + project.FileName)
	if errors.Is(err, gitchange.ErrMissing) {
		return project.Defaults(), nil
	}
	if err != nil {
		return nil, err
	}
	return project.Parse(content)
}
