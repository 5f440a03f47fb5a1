package commitguard

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// program is the real binary, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	remove := gittest.Isolate()
	dir, err := os.MkdirTemp("", "clawql-guard-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "git-clawql-hooks")
	build := exec.Command("go", "build", "-trimpath", "-tags", "urfave_cli_no_docs", "-o", binary, "../../plugins/git-clawql-hooks")
	build.Env = withoutHome(os.Environ())
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	writeTable()
	os.RemoveAll(dir)
	remove()
	os.Exit(code)
}

// home is the tester's, which the build needs for its caches; Isolate has
// replaced it since.
var home, cache = os.Getenv("HOME"), os.Getenv("XDG_CACHE_HOME")

func withoutHome(env []string) []string {
	return append(env, "HOME="+home, "XDG_CACHE_HOME="+cache)
}

// site is a repository with our hooks, a remote with ours too, and a token
// that was made for this run.
type site struct {
	*testing.T
	dir    string   // where commands run
	remote string   // a bare repository
	env    []string // besides the clean environment
	token  string
	blind  bool   // no pre-push is installed
	says   string // what the refusal says, where it is not ours
	last   outcome
	before map[string]string // what must not change, see watch
	watch  string            // the repository that the last command was aimed at
}

// outcome of the command that must be refused.
type outcome struct {
	exit int
	text string // stdout and stderr
	hook string // that ended with another code than 0, as git itself recorded it
}

func newSite(t *testing.T) *site {
	s := bareSite(t)
	s.git("init", "-q", "-b", "main", s.dir)
	s.write("README.md", "hello\n")
	s.write("sub/old.txt", "one\ntwo\nthree\nfour\nfive\n")
	s.git("add", ".")
	s.git("commit", "-qm", "first")
	s.git("remote", "add", "origin", s.remote)
	s.git("push", "-q", "-u", "origin", "main")
	s.install()
	return s
}

// bareSite has the remote only.
func bareSite(t *testing.T) *site {
	bits := make([]byte, 40)
	_, _ = rand.Read(bits)
	token := "cqk_" + hex.EncodeToString(bits[:8]) + "_" + base64.RawURLEncoding.EncodeToString(bits[8:32])
	top := t.TempDir()
	s := &site{T: t, dir: filepath.Join(top, "work"), remote: filepath.Join(top, "remote.git"), token: token}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.git("init", "-q", "--bare", "-b", "main", s.remote)
	return s
}

// environment of every command: no configuration of the machine counts.
func (s *site) environment() []string {
	return append([]string{
		"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "HOME=" + filepath.Dir(s.dir), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org",
		"GIT_EDITOR=true", "GIT_SEQUENCE_EDITOR=true", "LC_ALL=C",
	}, s.env...)
}

func (s *site) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir, c.Env = s.dir, s.environment()
	return c
}

// repo is how the product reads the work repository.
func (s *site) repo() *gitchange.Repo { return gitchange.In(s.dir) }

// git must succeed.
func (s *site) git(args ...string) string {
	s.Helper()
	out, err := s.command("git", args...).CombinedOutput()
	if err != nil {
		s.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// off is git without any hook.
func (s *site) off(args ...string) string {
	s.Helper()
	return s.git(append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)...)
}

// feed is git without any hook, with something on its stdin.
func (s *site) feed(in string, args ...string) string {
	s.Helper()
	c := s.command("git", append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)...)
	c.Stdin = strings.NewReader(in)
	out, err := c.Output()
	if err != nil {
		s.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// try is the command that must be refused.
func (s *site) try(args ...string) { s.Helper(); s.tryFed("", "git", args...) }

func (s *site) tryFed(in, name string, args ...string) {
	s.Helper()
	s.before = s.state()
	trace := filepath.Join(filepath.Dir(s.dir), "trace")
	c := s.command(name, args...)
	c.Env = append(c.Env, "GIT_TRACE2_EVENT="+trace)
	c.Stdin = strings.NewReader(in)
	out, err := c.CombinedOutput()
	s.last = outcome{0, string(out), s.refusing(trace)}
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		s.last.exit = ended.ExitCode()
	} else if err != nil {
		s.Fatalf("%s %v: %v", name, args, err)
	}
}

// refusing reads from git's own trace which hook said no; the last one counts.
func (s *site) refusing(trace string) (hook string) {
	data, _ := os.ReadFile(trace) // no trace, no hook
	type event struct {
		Event, SID string
		Child      int    `json:"child_id"`
		Hook       string `json:"hook_name"`
		Code       int
	}
	hooks := map[string]string{}
	for line := range strings.Lines(string(data)) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			continue // another process was writing
		}
		key := fmt.Sprint(e.SID, e.Child)
		switch {
		case e.Event == "child_start" && e.Hook != "":
			hooks[key] = e.Hook
		case e.Event == "child_exit" && e.Code != 0 && hooks[key] != "":
			hook = hooks[key]
		}
	}
	return hook
}

// state is each branch with all objects that branches reach; for a push, of
// all references of the remote.
func (s *site) state() map[string]string {
	where, sort := s.dir, "--branches"
	if s.watch != "" {
		where, sort = s.watch, "--all"
	}
	run := func(args ...string) string {
		c := s.command("git", append([]string{"-C", where, "--no-replace-objects"}, args...)...)
		out, err := c.Output()
		if err != nil {
			s.Fatalf("git %v: %v", args, err)
		}
		return string(out)
	}
	refs := "refs/heads"
	if s.watch != "" {
		refs = "refs"
	}
	return map[string]string{
		"refs":    run("for-each-ref", "--format=%(refname) %(objectname)", refs),
		"objects": run("rev-list", "--objects", "--no-object-names", sort),
	}
}

func (s *site) write(name, text string) {
	s.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		s.Fatal(err)
	}
}

func (s *site) stage(name, text string) {
	s.Helper()
	s.write(name, text)
	s.git("add", "-f", "--", name)
}

func (s *site) line() string { return "key: " + s.token + "\n" }

// evil is a commit with the token on top of HEAD, that no branch has. It is
// made by plumbing, which runs no hook.
func (s *site) evil() string {
	s.Helper()
	return s.evilOn(s.git("rev-parse", "HEAD"), "a.env", s.line())
}

func (s *site) evilOn(parent, name, text string) string {
	s.Helper()
	blob := s.feed(text, "hash-object", "-w", "--stdin")
	tree := s.feed(s.git("ls-tree", parent)+"\n100644 blob "+blob+"\t"+name+"\n", "mktree")
	return s.feed("work\n", "commit-tree", "-p", parent, tree)
}

// gone is a commit on top of one that removes what it brought.
func (s *site) gone(evil string) string {
	s.Helper()
	return s.feed("work\n", "commit-tree", "-p", evil, s.git("rev-parse", evil+"~1^{tree}"))
}
