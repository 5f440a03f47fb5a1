package stagedscan

import (
	"context"
	"os"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretexception"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// mergedIn leaves out what a merge in progress takes from the other side at the
// same path: it is in history already, where a branch has that side. One that
// no branch has is not believed, whatever MERGE_HEAD says.
func (s *scan) mergedIn(ctx context.Context, path string, found []Finding) ([]Finding, error) {
	if len(found) == 0 {
		return nil, nil
	}
	sides, err := s.sides()
	if err != nil {
		return nil, err
	}
	for _, side := range sides {
		content, err := s.optional(side + ":" + path)
		if err != nil || content == nil {
			continue // not there, or no file there
		}
		old, err := s.inspect(ctx, path, content)
		if err != nil {
			return nil, err
		}
		found = without(found, old)
	}
	return found, nil
}

// findSides lists the commits that a merge in progress would take in: git has
// them in MERGE_HEAD, and for its hooks in the names of variables GITHEAD_ID.
func (s *scan) findSides(ctx context.Context) ([]string, error) {
	var all []string
	if _, kind, err := s.objects.Get("MERGE_HEAD"); err == nil && kind == "commit" {
		id, err := s.commitID("MERGE_HEAD")
		if err != nil {
			return nil, err
		}
		all = append(all, id)
	}
	for _, one := range os.Environ() {
		id, ok := strings.CutPrefix(one, "GITHEAD_")
		id, _, _ = strings.Cut(id, "=")
		if ok && len(id) >= 40 && strings.Trim(id, "0123456789abcdef") == "" {
			all = append(all, id)
		}
	}
	var held []string
	for _, id := range all {
		ok, err := s.repo.Held(ctx, id)
		if err != nil {
			return nil, err
		}
		if ok {
			held = append(held, id)
		}
	}
	return held, nil
}

// readable refuses a staged policy that could not be read once it is in HEAD:
// every later commit would be refused, the one that repairs it too.
func (s *scan) readable(c gitchange.Change) error {
	isPolicy := c.Path == configFile || c.Path == baselineFile || c.Path == secretexception.Path
	if !isPolicy || c.Commit != "" || s.prefix == ":0:" {
		return nil // not of the next commit, or read as the policy already
	}
	content, err := s.objects.Blob(c.New)
	switch {
	case err != nil:
	case c.Path == configFile:
		_, err = secretscan.Compile(secretscan.Sources{Config: content, Open: s.inside(":0:")})
	case c.Path == baselineFile:
		_, err = secretscan.ReadBaseline(c.Path, content)
	case c.Path == secretexception.Path:
		_, err = secretexception.Parse(content)
	}
	if err != nil {
		return fault.Usage("the staged %s would be of no use: %w", c.Path, err).
			Hint("git restore --staged %s, or repair it", c.Path)
	}
	return nil
}
