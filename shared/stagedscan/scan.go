// Package stagedscan joins what git would commit (gitchange) with the search
// for secrets (secretscan).
//
// It denies when it cannot tell: any error of git, of the policy or of a read
// ends a scan without an answer, never with "nothing found".
package stagedscan

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// scan is one run.
type scan struct {
	repo    *gitchange.Repo
	objects *gitchange.Objects
	policy  *secretscan.Policy
	report  *Report
	seen    map[string]bool // the changes looked at, see key
	clean   map[string]bool // path and object id of contents without any finding
	names   map[string]bool // names looked at
}

// index, as the place of the policy, is what the next commit holds.
const index = ""

// Staged scans what the next commit would add to HEAD, by the policy in HEAD:
// a policy that is weakened in the same commit, or in an unstaged file, does
// not count. In a repository without a commit it is the policy in the index.
func Staged(ctx context.Context, repo *gitchange.Repo) (*Report, error) {
	go secretscan.Warm()
	return run(ctx, repo, func(s *scan) error {
		ahead := stagedAhead(ctx, repo)
		base, err := s.base(ctx)
		if err == nil {
			err = s.readPolicy(policyIn(base))
		}
		changes, failed := ahead()
		if err != nil {
			return err
		}
		if base != "HEAD" {
			changes, failed = repo.Staged(ctx, base)
		}
		if failed != nil {
			return failed
		}
		return s.changes(ctx, changes)
	})
}

// stagedAhead lists what is staged against HEAD while the policy is read: the
// start of git is the larger part of a small scan. The function that it gives
// waits for the answer, which counts only where HEAD is a commit.
func stagedAhead(ctx context.Context, repo *gitchange.Repo) func() ([]gitchange.Change, error) {
	done := make(chan struct{})
	var changes []gitchange.Change
	var err error
	go func() {
		defer close(done)
		changes, err = repo.Staged(ctx, "HEAD")
	}()
	return func() ([]gitchange.Change, error) {
		<-done
		return changes, err
	}
}

// run opens the repository's objects around work.
func run(ctx context.Context, repo *gitchange.Repo, work func(s *scan) error) (*Report, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // ends the child on an error
	objects, err := repo.Objects(ctx)
	if err != nil {
		return nil, err
	}
	s := &scan{
		repo: repo, objects: objects, report: &Report{},
		seen: map[string]bool{}, clean: map[string]bool{}, names: map[string]bool{},
	}
	if err := work(s); err != nil {
		stop()
		_ = objects.Close() // the error at hand says more
		return nil, err
	}
	if err := objects.Close(); err != nil {
		return nil, err
	}
	return s.report.finish(), nil
}

// base is HEAD where there is a commit; only without one are more children of
// git needed to see why.
func (s *scan) base(ctx context.Context) (string, error) {
	if _, kind, err := s.objects.Get("HEAD"); err == nil && kind == "commit" {
		return "HEAD", nil
	}
	return s.repo.Base(ctx)
}

// policyIn is the place of the policy for a base of gitchange.
func policyIn(base string) string {
	if base == "HEAD" {
		return base
	}
	return index
}

// each does n pieces of work on all processors, and adds what they gave to the
// report in their order.
func (s *scan) each(ctx context.Context, n int, do func(ctx context.Context, i int) (result, error)) error {
	results := make([]result, n)
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		work.Go(func() (err error) {
			results[i], err = do(ctx, i)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	for _, one := range results {
		s.report.add(one)
	}
	return nil
}
