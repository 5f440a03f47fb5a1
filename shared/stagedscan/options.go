package stagedscan

import (
	"context"
	"os"
	"time"

	"github.com/clawql/clawql-workbench/shared/archive"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// Options say how to scan, beside what the repository says. The functions of
// this package that are no methods use DefaultOptions.
type Options struct {
	Archives archive.Limits // Depth 0 opens none
	// ArchiveBytes bounds what is taken out of all archives of a scan together;
	// 0 is no bound.
	ArchiveBytes int64
	Now          time.Time // decides which exceptions have ended
	Getenv       func(string) string
	Baseline     []byte // a report of gitleaks in JSON, beside the one in the repository; nil for none
	Agents       bool   // let the tool for agent threats look at skills and MCP configurations
	// Objects reads the repository for several scans in turn, and the caller
	// closes it; nil: each scan opens one.
	Objects *gitchange.Objects
}

// DefaultOptions are those of the hooks.
func DefaultOptions() Options {
	return Options{Archives: archive.DefaultLimits(), ArchiveBytes: 1 << 30, Now: time.Now(), Getenv: os.Getenv, Agents: true}
}

// Staged scans what the next commit would add to HEAD, by the policy in HEAD:
// a policy that is weakened in the same commit, or in an unstaged file, does
// not count. In a repository without a commit it is the policy in the index.
func Staged(ctx context.Context, repo *gitchange.Repo) (*Report, error) {
	return DefaultOptions().Staged(ctx, repo)
}

// Commits scans each of the objects that ids names: of a commit what it brings
// against all its parents (content, names, targets of links) and the commit
// itself (message, author, headers); of an annotated tag its text and what it
// points at; of a tree or a blob what it holds. The parents' content is not
// looked at: list all commits that count, oldest first.
//
// The policy is the one in the commit policyAt, which should be what the other
// side has already, so that no commit brings its own permission; "" is the
// index. Where policyAt has none, the default rules count.
func Commits(ctx context.Context, repo *gitchange.Repo, ids []string, policyAt string) (*Report, error) {
	return DefaultOptions().Commits(ctx, repo, ids, policyAt)
}

// Range scans the commits of `A..B` by the policy of A, the old side.
func Range(ctx context.Context, repo *gitchange.Repo, span string) (*Report, error) {
	return DefaultOptions().Range(ctx, repo, span)
}

// All scans every commit of every ref and of the stash, the tags, what else a
// ref points at, and the names of the refs, by the policy of HEAD.
func All(ctx context.Context, repo *gitchange.Repo) (*Report, error) {
	return DefaultOptions().All(ctx, repo)
}

// Paths scans files and folders as they are on disk, ignored and untracked
// ones too, all but the .git folder. Symbolic links are not followed; their
// targets are scanned as text. The policy is HEAD's, and gitleaks' defaults
// outside a repository.
func Paths(ctx context.Context, repo *gitchange.Repo, paths []string) (*Report, error) {
	return DefaultOptions().Paths(ctx, repo, paths)
}

// RefNames scans names of refs, such as those that a push would make.
func RefNames(ctx context.Context, repo *gitchange.Repo, names []string, policyAt string) (*Report, error) {
	return run(ctx, repo, func(s *scan) error {
		if err := s.readPolicy(policyAt); err != nil {
			return err
		}
		return s.refNames(ctx, names)
	})
}

// run opens the repository's objects around work, with the default options.
func run(ctx context.Context, repo *gitchange.Repo, work func(s *scan) error) (*Report, error) {
	return DefaultOptions().run(ctx, repo, work)
}
