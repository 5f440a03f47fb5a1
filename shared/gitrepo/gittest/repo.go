// Package gittest makes real git repositories and signing keys for tests. It
// runs the real git; nothing here is used by a product.
package gittest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Isolate gives the test process a home of its own, so that no configuration
// of the machine counts, and returns how to remove it. Call it in TestMain.
func Isolate() (remove func()) {
	home, err := os.MkdirTemp("", "clawql-home-")
	if err != nil {
		panic(err)
	}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "GIT_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("HOME", home)
	os.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "xdg"))
	os.Unsetenv("SSH_AUTH_SOCK")
	return func() { os.RemoveAll(home) }
}

// Repo is a repository in a folder that the test removes.
type Repo struct {
	T   testing.TB
	Dir string
	// Env is added to each run of git, such as "GIT_COMMITTER_DATE=...".
	Env []string
}

// New makes an empty repository whose branch is main.
func New(t testing.TB, initArgs ...string) *Repo {
	t.Helper()
	r := &Repo{T: t, Dir: t.TempDir()}
	r.Git(append([]string{"init", "-q", "-b", "main"}, initArgs...)...)
	r.As("Nobody", "nobody@example.org")
	return r
}

// Clone clones r as it is on the remote side of a push.
func (r *Repo) Clone(args ...string) *Repo {
	r.T.Helper()
	dir := filepath.Join(r.T.TempDir(), "clone")
	r.Git(append(append([]string{"clone", "-q"}, args...), "file://"+r.Dir, dir)...)
	c := &Repo{T: r.T, Dir: dir}
	c.As("Nobody", "nobody@example.org")
	return c
}

// Bare makes a bare repository, adds it as the remote "origin" and pushes main.
func (r *Repo) Bare() string {
	r.T.Helper()
	dir := filepath.Join(r.T.TempDir(), "origin.git")
	r.Git("init", "-q", "--bare", "-b", "main", dir)
	r.Git("remote", "add", "origin", "file://"+dir)
	r.Git("push", "-q", "origin", "main")
	return dir
}

// As sets who commits.
func (r *Repo) As(name, email string) {
	r.T.Helper()
	r.Git("config", "user.name", name)
	r.Git("config", "user.email", email)
}

// Git runs git in the repository and returns its output without the last line
// feed. A failure ends the test.
func (r *Repo) Git(args ...string) string {
	r.T.Helper()
	out, err := r.Try(args...)
	if err != nil {
		r.T.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Try runs git and returns what it wrote to both streams.
func (r *Repo) Try(args ...string) (string, error) {
	return r.run("", args...)
}

// Pipe runs git with input.
func (r *Repo) Pipe(input string, args ...string) string {
	r.T.Helper()
	out, err := r.run(input, args...)
	if err != nil {
		r.T.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (r *Repo) run(input string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.Dir
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append(append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1"), r.Env...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSuffix(string(out), "\n"), err
}

// Write puts a file into the work tree, with its folders.
func (r *Repo) Write(path, content string) {
	r.T.Helper()
	full := filepath.Join(r.Dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		r.T.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		r.T.Fatal(err)
	}
}

// Commit adds everything and commits it, signed by key and in its name; with
// a nil key it is unsigned. It returns the commit's id.
func (r *Repo) Commit(message string, key *Key) string {
	r.T.Helper()
	r.Git("add", "-A")
	r.commit(key, "commit", "-q", "--allow-empty", "-m", message)
	return r.Head()
}

// Merge merges other into the current branch with a merge commit of its own.
// The extra arguments go to git merge, such as "-s", "ours".
func (r *Repo) Merge(other string, key *Key, extra ...string) string {
	r.T.Helper()
	r.commit(key, "merge", append(append([]string{"-q", "--no-ff", "-m", "merge " + other}, extra...), other)...)
	return r.Head()
}

func (r *Repo) commit(key *Key, command string, args ...string) {
	r.T.Helper()
	settings := []string{"-c", "commit.gpgSign=false"}
	if key != nil {
		settings = []string{"-c", "gpg.format=ssh", "-c", "user.signingkey=" + key.Path,
			"-c", "user.name=" + key.Name, "-c", "user.email=" + key.Email}
		args = append([]string{"-S"}, args...)
	}
	r.Git(append(append(settings, command), args...)...)
}

// Head is the id of the commit that is checked out.
func (r *Repo) Head() string { return r.Git("rev-parse", "HEAD") }

// Raw is the content of a commit object.
func (r *Repo) Raw(rev string) string {
	r.T.Helper()
	cmd := exec.Command("git", "cat-file", "commit", rev)
	cmd.Dir = r.Dir
	out, err := cmd.Output()
	if err != nil {
		r.T.Fatalf("git cat-file commit %s: %v", rev, err)
	}
	return string(out)
}

// Store writes a commit object with any content, and returns its id.
func (r *Repo) Store(raw string) string {
	r.T.Helper()
	return r.Pipe(raw, "hash-object", "-t", "commit", "--literally", "-w", "--stdin")
}

// Signers makes the content of an allowed-signers file.
func Signers(keys ...*Key) string {
	var lines strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&lines, "%s %s\n", k.Email, k.Public)
	}
	return lines.String()
}
