// Package stagedscan joins what git would commit (gitchange) with the search
// for secrets (secretscan).
//
// It denies when it cannot tell: any error of git, of the policy or of a read
// ends a scan without an answer, never with "nothing found".
package stagedscan

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/livesecrets"
	"github.com/clawql/clawql-workbench/shared/livesession"
	"github.com/clawql/clawql-workbench/shared/secretexception"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// scan is one run.
type scan struct {
	options
	repo     *gitchange.Repo
	objects  *gitchange.Objects
	policy   *secretscan.Policy
	prefix   string // of the names of the policy's files
	baseline []*secretscan.Baseline
	excepted *secretexception.List
	broken   error            // why the file of exceptions counts for nothing
	live     *livesecrets.Set // nil without a session
	report   *Report
	seen     map[string]bool // the changes looked at, see key
	clean    map[string]bool // path and object id of contents without any finding
	former   former
	places   bool // each place where a commit puts a secret counts, see placed
	lfs      func() (string, error)
	sides    func() ([]string, error) // of a merge in progress
	agents   agents

	unpacking sync.Mutex
	unpacked  int64 // bytes that archives gave so far; behind unpacking
}

type options = Options

// index, as the place of the policy, is what the next commit holds.
const index = ""

// Staged is as the function of that name.
func (o Options) Staged(ctx context.Context, repo *gitchange.Repo) (*Report, error) {
	seen, err := o.StagedChanges(ctx, repo)
	if err != nil {
		return nil, err
	}
	return seen.Report, nil
}

func (o Options) run(ctx context.Context, repo *gitchange.Repo, work func(s *scan) error) (*Report, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // ends the child on an error
	objects, end, err := o.reader(ctx, repo)
	if err != nil {
		return nil, err
	}
	s := o.scan(ctx, repo)
	s.objects = objects
	if err = s.fetchLive(ctx); err == nil {
		err = work(s)
	}
	if err == nil {
		err = s.judgeAgents(ctx)
	}
	if err != nil {
		stop()
		_ = end() // the error at hand says more
		return nil, err
	}
	if err := end(); err != nil {
		return nil, err
	}
	return s.finish(), nil
}

// reader is the one that the options bring, or one for this run alone.
func (o Options) reader(ctx context.Context, repo *gitchange.Repo) (objects *gitchange.Objects, end func() error, err error) {
	if o.Objects != nil {
		return o.Objects, func() error { return nil }, nil
	}
	if objects, err = repo.Objects(ctx); err != nil {
		return nil, nil, err
	}
	return objects, objects.Close, nil
}

func (o Options) scan(ctx context.Context, repo *gitchange.Repo) *scan {
	s := &scan{
		options: o, repo: repo, report: &Report{}, excepted: &secretexception.List{},
		seen: map[string]bool{}, clean: map[string]bool{}, agents: agents{trees: map[string]bool{}},
		lfs: sync.OnceValues(func() (string, error) { return repo.LFS(ctx) }),
	}
	s.sides = sync.OnceValues(func() ([]string, error) { return s.findSides(ctx) })
	return s
}

// fetchLive asks the vault session around this process, where there is one.
func (s *scan) fetchLive(ctx context.Context) (err error) {
	s.live, err = livesession.Fetch(ctx, s.Getenv)
	return err
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
