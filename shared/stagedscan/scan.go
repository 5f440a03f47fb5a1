// Package stagedscan joins what git would commit (gitchange) with the search
// for secrets (secretscan).
//
// It denies when it cannot tell: any error of git, of the policy or of a read
// ends a scan without an answer, never with "nothing found".
package stagedscan

import (
	"context"
	"crypto/rand"
	"path"
	"runtime"
	"sort"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// The places where a secret can stand.
const (
	InContent = "content"
	InName    = "name"    // the file's own name
	InMessage = "message" // the commit object: message, author, headers
)

// Finding is a secret, and where it would enter or has entered history.
type Finding struct {
	secretscan.Finding
	In     string
	Commit string // "" for what is not committed yet
	Hash   string // the same for the same secret, within one report only
}

// Report is the outcome of a scan that could look at everything.
type Report struct {
	Findings []Finding // sorted by commit order of the scan, then file and line
	Files    int       // contents looked at
	Bytes    int64
	Known    int    // findings left out because the version before has the same secret
	Policy   string // where the rules came from: "HEAD", "index", "defaults"
}

// scan is one run.
type scan struct {
	objects *gitchange.Objects
	policy  *secretscan.Policy
	report  *Report
	seen    map[string]bool // path and object id
}

// Staged scans what the next commit would add to HEAD, by the policy in HEAD:
// a policy that is weakened in the same commit, or in an unstaged file, does
// not count. In a repository without a commit it is the policy in the index.
func Staged(ctx context.Context, repo *gitchange.Repo) (*Report, error) {
	return run(ctx, repo, func(s *scan, base string) error {
		changes, err := repo.Staged(ctx, base)
		if err != nil {
			return err
		}
		return s.changes(ctx, changes)
	})
}

// History scans what the commits of `A..B` brought, each against its parents;
// "" is every commit of every ref. The policy is HEAD's.
func History(ctx context.Context, repo *gitchange.Repo, span string) (*Report, error) {
	return run(ctx, repo, func(s *scan, _ string) error {
		commits, err := repo.Commits(ctx, span)
		if err != nil {
			return err
		}
		changes, err := repo.History(ctx, commits)
		if err != nil {
			return err
		}
		if err := s.messages(ctx, commits); err != nil {
			return err
		}
		return s.changes(ctx, changes)
	})
}

// run opens the repository's objects and policy around work.
func run(ctx context.Context, repo *gitchange.Repo, work func(s *scan, base string) error) (*Report, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // ends the child on an error
	objects, err := repo.Objects(ctx)
	if err != nil {
		return nil, err
	}
	s := &scan{objects: objects, report: &Report{}, seen: map[string]bool{}}
	base, err := s.base(ctx, repo)
	if err == nil {
		err = s.readPolicy(base)
	}
	if err == nil {
		err = work(s, base)
	}
	if err != nil {
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
func (s *scan) base(ctx context.Context, repo *gitchange.Repo) (string, error) {
	if _, kind, err := s.objects.Get("HEAD"); err == nil && kind == "commit" {
		return "HEAD", nil
	}
	return repo.Base(ctx)
}

// changes scans the new side of each change, on all processors.
func (s *scan) changes(ctx context.Context, changes []gitchange.Change) error {
	gone := map[string]gitchange.Change{}
	for _, c := range changes {
		if c.Deleted() {
			gone[c.Commit+c.Old] = c
		}
	}
	var todo []gitchange.Change
	for _, c := range changes {
		key := c.Path + "\x00" + c.New
		if c.Deleted() || s.seen[key] {
			continue
		}
		s.seen[key] = true
		if from, renamed := gone[c.Commit+c.New]; renamed && c.OldMode == "000000" {
			c.Old = from.Old
		}
		todo = append(todo, c)
	}
	results := make([]result, len(todo))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range todo {
		work.Go(func() (err error) {
			results[i], err = s.change(ctx, c)
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

// result is what one change gave.
type result struct {
	findings []Finding
	bytes    int64
	files    int
	known    int
}

func (r *Report) add(one result) {
	r.Findings = append(r.Findings, one.findings...)
	r.Bytes += one.bytes
	r.Files += one.files
	r.Known += one.known
}

func (s *scan) change(ctx context.Context, c gitchange.Change) (result, error) {
	var done result
	if c.OldMode == "000000" {
		found, err := s.policy.Scan(ctx, "", []byte(c.Path))
		if err != nil {
			return done, err
		}
		for _, f := range found {
			f.File, f.StartLine, f.EndLine = c.Path, 0, 0
			done.findings = append(done.findings, Finding{Finding: f, In: InName, Commit: c.Commit})
		}
	}
	if c.Submodule() || c.New == c.Old && c.OldMode != "000000" {
		return done, nil
	}
	content, err := s.objects.Blob(c.New)
	if err != nil {
		return done, fault.Unable("read the content of %s: %w", c.Path, err)
	}
	done.files, done.bytes = 1, int64(len(content))
	found, err := s.policy.Scan(ctx, c.Path, content)
	if err != nil || len(found) == 0 {
		return done, err
	}
	fresh, err := s.fresh(ctx, c, found)
	if err != nil {
		return done, err
	}
	done.known = len(found) - len(fresh)
	for _, f := range fresh {
		done.findings = append(done.findings, Finding{Finding: f, In: InContent, Commit: c.Commit})
	}
	return done, nil
}

// fresh leaves out the secrets that the version before has already: history
// holds them, and refusing each later commit to the file would not change it.
func (s *scan) fresh(ctx context.Context, c gitchange.Change, found []secretscan.Finding) ([]secretscan.Finding, error) {
	if strings.Trim(c.Old, "0") == "" || c.OldMode == "160000" {
		return found, nil
	}
	before, err := s.objects.Blob(c.Old)
	if err != nil {
		return nil, fault.Unable("read the version of %s before: %w", c.Path, err)
	}
	old, err := s.policy.Scan(ctx, c.Path, before)
	if err != nil {
		return nil, err
	}
	var fresh []secretscan.Finding
	for _, f := range found {
		known := false
		for _, one := range old {
			known = known || one.Rule == f.Rule && one.Secret.Same(f.Secret)
		}
		if !known {
			fresh = append(fresh, f)
		}
	}
	return fresh, nil
}

// messages scans the commit objects themselves.
func (s *scan) messages(ctx context.Context, commits []string) error {
	for _, id := range commits {
		content, _, err := s.objects.Get(id)
		if err != nil {
			return err
		}
		found, err := s.policy.Scan(ctx, "", content)
		if err != nil {
			return err
		}
		for _, f := range found {
			s.report.Findings = append(s.report.Findings, Finding{Finding: f, In: InMessage, Commit: id})
		}
		s.report.Bytes += int64(len(content))
	}
	return nil
}

// finish gives each finding its hash, under a key that nobody keeps.
func (r *Report) finish() *Report {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails, see its documentation
	for i := range r.Findings {
		r.Findings[i].Hash = r.Findings[i].Secret.Hash(key)
	}
	r.redactNames()
	sort.SliceStable(r.Findings, func(i, j int) bool {
		a, b := r.Findings[i], r.Findings[j]
		return a.Commit == b.Commit && path.Clean(a.File) < path.Clean(b.File)
	})
	return r
}

// redactNames takes the secrets that stand in names out of every File.
func (r *Report) redactNames() {
	for _, named := range r.Findings {
		if named.In != InName {
			continue
		}
		for i := range r.Findings {
			r.Findings[i].File = named.Secret.Redact(r.Findings[i].File)
		}
	}
}
