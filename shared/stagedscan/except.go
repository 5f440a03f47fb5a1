package stagedscan

import (
	"context"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/archive"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretexception"
)

// Excepted is a finding that an exception in force leaves out.
type Excepted struct {
	Finding
	Entry secretexception.Entry
}

// Subject is what an exception for the finding is for.
func (f Finding) Subject() secretexception.Subject {
	s := secretexception.Subject{Rule: f.Rule, In: f.In, Path: f.File, Write: f.Secret.Feed}
	if f.In == InMessage || f.In == InTag || f.In == InRef {
		s.Path = ""
	}
	if f.In == InName {
		s.Path = f.Secret.Redact(f.File)
	}
	return s
}

// use notes which exceptions are for something that is still there.
func (s *scan) use(done *result, found []Finding) {
	for _, f := range found {
		if i := s.exception(f); i >= 0 {
			done.used = append(done.used, i)
		}
	}
}

// exception finds the one for a finding. Its path is as a report shows it: a
// secret in a name stands in no file of exceptions.
func (s *scan) exception(f Finding) int {
	if s.excepted.Len() == 0 {
		return -1
	}
	f.File = s.redact(f.File)
	return s.excepted.Find(f.Subject())
}

// settle decides what becomes of findings that are new: left out by what
// gitleaks reads, by an exception in force, or a finding of the report.
func (s *scan) settle(done *result, found []Finding, commit string) {
	s.use(done, found)
	for _, f := range found {
		f.Commit = commit
		if s.allowed(f) {
			done.known++
			continue
		}
		f.Finding = f.Detached()
		i := s.exception(f)
		if i < 0 {
			done.findings = append(done.findings, f)
			continue
		}
		entry := s.excepted.Entry(i)
		if entry.Expired(s.Now) {
			f.Ended = entry.Expires.String()
			done.findings = append(done.findings, f)
			continue
		}
		done.excepted = append(done.excepted, Excepted{f, entry})
	}
}

// allowed is what gitleaks reads: fingerprints with a commit, allow lists with
// a commit, baselines.
func (s *scan) allowed(f Finding) bool {
	if f.In != InContent {
		return false
	}
	for _, b := range s.baseline {
		if b.Has(f.Finding, f.Commit) {
			return true
		}
	}
	return s.policy.AllowedIn(f.Commit, f.Finding)
}

// unused lists the exceptions for paths that were looked at and hold nothing
// that they are for; in a scan of everything, all such.
func (s *scan) unused() []secretexception.Entry {
	var all []secretexception.Entry
	for i, e := range s.excepted.Entries() {
		looked := s.report.everything || s.report.paths[outermost(e.Path)] && e.In != InName
		if looked && !s.report.used[i] {
			all = append(all, e)
		}
	}
	return all
}

// outermost is the path of the file that a member of an archive lies in.
func outermost(path string) string {
	path, _, _ = strings.Cut(path, archive.Separator)
	return path
}

// ExceptionState is an exception, and what it does.
type ExceptionState struct {
	secretexception.Entry
	Ended  bool // its last day is over
	Unused bool // its path holds nothing that it is for
}

// Exceptions tells of each exception in HEAD whether it is still for
// something. Those for messages, tags and names count as used.
func Exceptions(ctx context.Context, repo *gitchange.Repo) ([]ExceptionState, error) {
	var all []ExceptionState
	_, err := run(ctx, repo, func(s *scan) error {
		base, err := s.base(ctx)
		if err != nil {
			return err
		}
		if err := s.readPolicy(policyIn(base)); err != nil {
			return err
		}
		if s.broken != nil {
			return s.broken
		}
		all, err = s.states(ctx)
		return err
	})
	return all, err
}

func (s *scan) states(ctx context.Context) ([]ExceptionState, error) {
	var done result
	var looked []string
	entries := s.excepted.Entries()
	for _, e := range entries {
		path := outermost(e.Path)
		if slices.Contains(looked, path) || e.In != "" {
			continue
		}
		looked = append(looked, path)
		content, err := s.optional(s.prefix + path)
		if err != nil {
			return nil, err
		}
		found, err := s.inspect(ctx, path, content)
		if err != nil {
			return nil, err
		}
		s.use(&done, found)
	}
	var all []ExceptionState
	for i, e := range entries {
		all = append(all, ExceptionState{e, e.Expired(s.Now), e.In == "" && !slices.Contains(done.used, i)})
	}
	return all, nil
}
