package stagedscan

import (
	"errors"
	"path"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// The files in which a repository says how to scan, at its root.
const (
	configFile = ".gitleaks.toml"
	ignoreFile = ".gitleaksignore"
)

// readPolicy compiles the policy in a commit, or in the index for "".
func (s *scan) readPolicy(at string) error {
	prefix := at + ":"
	s.report.Policy = at
	if at == index {
		prefix, s.report.Policy = ":0:", "index"
	} else if _, kind, err := s.objects.Get(at); err != nil || kind != "commit" {
		return fault.Unable("read the policy: %s is no commit of this repository", at)
	}
	var sources secretscan.Sources
	var err1, err2 error
	sources.Config, err1 = s.optional(prefix + configFile)
	sources.Ignore, err2 = s.optional(prefix + ignoreFile)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if sources.Config == nil && sources.Ignore == nil {
		s.report.Policy = "defaults"
	}
	sources.Open = func(name string) ([]byte, error) {
		clean := path.Clean(strings.ReplaceAll(name, "\\", "/"))
		if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
			return nil, fault.Usage("it lies outside the repository")
		}
		return s.objects.Blob(prefix + clean)
	}
	policy, err := secretscan.Compile(sources)
	s.policy = policy
	return err
}

// optional reads a file of the policy; nil when there is none.
func (s *scan) optional(name string) ([]byte, error) {
	content, err := s.objects.Blob(name)
	if errors.Is(err, gitchange.ErrMissing) {
		return nil, nil
	}
	return content, err
}
