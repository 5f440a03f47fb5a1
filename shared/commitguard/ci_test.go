package commitguard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// event is what GitHub says of a push or pull request, after it was done.
type event struct {
	name, ref, base, before, after string
}

// check runs the step of hooks/github-action in a clone of the remote.
func (s *site) check(e event, clone ...string) outcome {
	s.Helper()
	top := filepath.Dir(s.dir)
	s.off(append(append([]string{"clone", "-q"}, clone...), "file://"+s.remote, top+"/ci")...)
	script, err := filepath.Abs("../../hooks/github-action/check.sh")
	if err != nil {
		s.Fatal(err)
	}
	ci := *s
	ci.dir = top + "/ci"
	ci.env = append([]string{
		"CLAWQL_EVENT=" + e.name, "CLAWQL_REF=" + e.ref, "CLAWQL_BASE_REF=" + e.base, "CLAWQL_BEFORE=" + e.before,
		"CLAWQL_AFTER=" + e.after, "CLAWQL_DEFAULT_BRANCH=main",
	}, s.env...)
	ci.tryFed("", "sh", script)
	return ci.last
}

const nothing = "0000000000000000000000000000000000000000"

// unguarded pushes with no hook on either side.
func (s *site) unguarded(refs ...string) {
	s.Helper()
	_ = os.Remove(filepath.Join(s.remote, "hooks/pre-receive"))
	s.off(append([]string{"push", "-q", "-f", "origin"}, refs...)...)
}

var ci = []struct {
	name string
	exit int
	says string
	do   func(s *site) event
}{
	{"a clean push", 0, "nothing to refuse", func(s *site) event {
		before := s.git("rev-parse", "HEAD")
		s.stage("b", "b\n")
		s.off("commit", "-qm", "b")
		s.unguarded("main")
		return event{"push", "refs/heads/main", "", before, s.git("rev-parse", "HEAD")}
	}},
	{"a push with a token", 1, "1 secret", func(s *site) event {
		before, evil := s.git("rev-parse", "HEAD"), s.unseen()
		s.unguarded("main")
		return event{"push", "refs/heads/main", "", before, evil}
	}},
	{"a token that was removed again", 1, "1 secret", func(s *site) event {
		before, tip := s.git("rev-parse", "HEAD"), s.gone(s.evil())
		s.unguarded(tip + ":refs/heads/main")
		return event{"push", "refs/heads/main", "", before, tip}
	}},
	{"a new branch", 1, "1 secret", func(s *site) event {
		evil := s.evil()
		s.unguarded(evil + ":refs/heads/new")
		return event{"push", "refs/heads/new", "", nothing, evil}
	}},
	{"a forced push to a branch", 1, "1 secret", func(s *site) event {
		evil := s.evil()
		s.unguarded(evil + ":refs/heads/new")
		return event{"push", "refs/heads/new", "", strings.Repeat("1", 40), evil}
	}},
	{"a forced push to main", 3, "cannot be told", func(s *site) event {
		evil := s.evil()
		s.unguarded(evil + ":refs/heads/main")
		return event{"push", "refs/heads/main", "", strings.Repeat("1", 40), evil}
	}},
	{"a pull request", 1, "1 secret", func(s *site) event {
		evil := s.evil()
		s.unguarded(evil + ":refs/heads/topic")
		return event{"pull_request", "refs/pull/7/merge", "main", "", evil}
	}},
	{"a pull request that brings its own policy", 1, "1 secret", func(s *site) event {
		evil := s.evilOn(s.evilOn(s.git("rev-parse", "HEAD"), ".gitleaks.toml", allowAll), "a.env", s.line())
		s.unguarded(evil + ":refs/heads/topic")
		return event{"pull_request", "refs/pull/7/merge", "main", "", evil}
	}},
	{"a tag's message", 1, "1 secret", func(s *site) event {
		s.git("tag", "-a", "-m", "use "+s.token, "v1")
		s.unguarded("v1")
		return event{"push", "refs/tags/v1", "", nothing, s.git("rev-parse", "HEAD")}
	}},
	{"a branch that was deleted", 0, "nothing to check", func(*site) event { return event{"push", "refs/heads/new", "", strings.Repeat("1", 40), nothing} }},
	{"a commit that is not here", 3, "is not here", func(*site) event {
		return event{"push", "refs/heads/new", "", nothing, strings.Repeat("1", 40)}
	}},
}

func TestStepForGitHubActions(t *testing.T) {
	for _, c := range ci {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			got := s.check(c.do(s))
			if got.exit != c.exit || !strings.Contains(got.text, c.says) || strings.Contains(got.text, s.token) {
				t.Errorf("exit %d, want %d and %q:\n%s", got.exit, c.exit, c.says, got.text)
			}
		})
	}
}

func TestStepNeedsTheWholeHistory(t *testing.T) {
	s := newSite(t)
	evil := s.unseen()
	s.unguarded("main")
	got := s.check(event{"push", "refs/heads/main", "", s.git("rev-parse", "HEAD~1"), evil}, "--depth", "1")
	if got.exit != 3 || !strings.Contains(got.text, "fetch-depth: 0") {
		t.Errorf("exit %d:\n%s", got.exit, got.text)
	}
}

func TestStepChecksSignatures(t *testing.T) {
	w := newSigned(bareSite(t), soft)
	before := w.git("rev-parse", "HEAD")
	w.off("commit", "-q", "--allow-empty", "-m", "unsigned")
	w.unguarded("main")
	got := w.check(event{"push", "refs/heads/main", "", before, w.git("rev-parse", "HEAD")})
	if got.exit != 1 || !strings.Contains(got.text, "no signature") {
		t.Errorf("exit %d:\n%s", got.exit, got.text)
	}
}
