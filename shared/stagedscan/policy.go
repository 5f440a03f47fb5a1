package stagedscan

import (
	"errors"
	"path"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretexception"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// The files in which a repository says how to scan, at its root. A baseline is
// a report that gitleaks wrote; its name is ours, gitleaks has none.
const (
	configFile   = ".gitleaks.toml"
	ignoreFile   = ".gitleaksignore"
	baselineFile = ".gitleaks-baseline.json"
)

// policyNames are the objects that readPolicy asks for.
func policyNames(at string) []string {
	var all []string
	prefix := at + ":"
	if at == index {
		prefix = ":0:"
	} else {
		all = append(all, at)
	}
	for _, file := range []string{configFile, ignoreFile, baselineFile, secretexception.Path} {
		all = append(all, prefix+file)
	}
	return all
}

// readPolicy compiles the policy in a commit, or in the index for "".
func (s *scan) readPolicy(at string) error {
	s.prefix = at + ":"
	s.report.Policy = at
	if at == index {
		s.prefix, s.report.Policy = ":0:", "index"
	} else if _, kind, err := s.objects.Get(at); err != nil || kind != "commit" {
		return fault.Unable("read the policy: %s is no commit of this repository", at)
	}
	var sources secretscan.Sources
	var err1, err2 error
	sources.Config, err1 = s.optional(s.prefix + configFile)
	sources.Ignore, err2 = s.optional(s.prefix + ignoreFile)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if sources.Config == nil && sources.Ignore == nil {
		s.report.Policy = "defaults"
	}
	sources.Open = s.inside(s.prefix)
	policy, err := secretscan.Compile(sources)
	if err != nil {
		return err
	}
	s.policy = policy
	return s.readKnown()
}

// inside opens files beside the policy, and none elsewhere.
func (s *scan) inside(prefix string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		clean := path.Clean(strings.ReplaceAll(name, "\\", "/"))
		if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
			return nil, fault.Usage("it lies outside the repository")
		}
		return s.objects.Blob(prefix + clean)
	}
}

// readKnown reads what leaves findings out: baselines and exceptions. A file
// of exceptions that cannot be read leaves nothing out, so that the commit that
// repairs it can be made.
func (s *scan) readKnown() error {
	committed, err := s.optional(s.prefix + baselineFile)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{baselineFile: committed, "of --baseline-path": s.Baseline} {
		if text == nil {
			continue
		}
		b, err := secretscan.ReadBaseline(name, text)
		if err != nil {
			return err
		}
		s.baseline = append(s.baseline, b)
	}
	text, err := s.optional(s.prefix + secretexception.Path)
	if err != nil || text == nil {
		return err
	}
	list, err := secretexception.Parse(text)
	if err != nil {
		s.broken = err
		s.report.Notes = append(s.report.Notes, "no exception counts: "+err.Error())
		return nil
	}
	s.excepted = list
	return nil
}

// optional reads a file of the policy; nil when there is none.
func (s *scan) optional(name string) ([]byte, error) {
	content, err := s.objects.Blob(name)
	if errors.Is(err, gitchange.ErrMissing) {
		return nil, nil
	}
	return content, err
}
