package hookinstall

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// binaries is the folder of the real git-clawql-hooks, built by TestMain.
var binaries string

func TestMain(m *testing.M) {
	environment := os.Environ() // the build needs the tester's home
	remove := gittest.Isolate()
	dir, err := os.MkdirTemp("", "clawql-hookinstall-")
	if err != nil {
		panic(err)
	}
	binaries = dir
	build := exec.Command("go", "build", "-trimpath", "-tags", "urfave_cli_no_docs", "-o", dir+"/", "../../plugins/git-clawql-hooks")
	build.Env = environment
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	remove()
	os.Exit(code)
}

// places in which a test works.
const (
	mainTree  = "main work tree"
	linked    = "linked work tree"
	submodule = "submodule"
)

var places = []string{mainTree, linked, submodule}

// world is one repository, with a remote, and the work tree where things
// happen.
type world struct {
	*testing.T
	root string // of everything
	repo string // the repository's own work tree
	dir  string // the work tree where the test commits
	bin  string // where its programs are, before all of PATH

	number int    // of clean commits
	log    string // each hook of others writes a line to it
}

// gits are the gits that tests run on: the system's and, for the full table,
// the newer one that .ci/install-hook-managers has put there.
func gits() map[string]string {
	all := map[string]string{"git": ""}
	next, _ := filepath.Abs("../../bin/git-next/bin")
	if required() && exists(filepath.Join(next, "git")) {
		all["git-next"] = next
	}
	return all
}

// newWorld makes the repository of a place: a submodule lies in another one.
func newWorld(t *testing.T, place, gitFolder string) *world {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, root: root, repo: filepath.Join(root, "repo"), log: filepath.Join(root, "log"), bin: binaries + ":" + tools}
	if gitFolder != "" {
		w.bin += ":" + gitFolder
	}
	w.dir = root
	for _, name := range []string{"home", "repo"} {
		w.must(os.Mkdir(filepath.Join(root, name), 0o755))
	}
	w.write("home/.gitconfig", "[user]\n\tname = a\n\temail = a@example.org\n[init]\n\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\n")
	w.git("init", "-q", "--bare", "remote.git")
	w.git("init", "-q", "repo")
	w.dir = w.repo
	w.git("commit", "-q", "--allow-empty", "-m", "first")
	w.git("push", "-q", "../remote.git", "main")
	if place == submodule {
		w.dir = root
		w.git("init", "-q", "super")
		w.dir = filepath.Join(root, "super")
		w.git("submodule", "--quiet", "add", w.root+"/remote.git", "inner")
		w.repo = filepath.Join(w.dir, "inner")
	}
	w.dir = w.repo
	w.git("remote", "add", "there", w.root+"/remote.git")
	w.git("checkout", "-q", "-b", "work")
	return w
}

// enter goes to the work tree of the place; the linked one is made now.
func (w *world) enter(place string) {
	if place == linked {
		w.git("worktree", "add", "-q", "-b", "side", w.root+"/linked")
		w.dir = w.root + "/linked"
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// write puts a file below the world's root, with its folders.
func (w *world) write(path, content string) {
	w.Helper()
	w.writeMode(filepath.Join(w.root, path), content, 0o644)
}

func (w *world) writeMode(path, content string, mode fs.FileMode) {
	w.Helper()
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	_ = os.Remove(path)
	w.must(os.WriteFile(path, []byte(content), mode))
	w.must(os.Chmod(path, mode))
}

func (w *world) environment() []string {
	return []string{"PATH=" + w.bin + ":" + os.Getenv("PATH"), "HOME=" + w.root + "/home", "GIT_CONFIG_NOSYSTEM=1", "LOG=" + w.log, "LC_ALL=C",
		"PYTHONDONTWRITEBYTECODE=1", "NO_COLOR=1"}
}

// try runs a program in the current work tree.
func (w *world) try(program string, args ...string) (string, int) {
	w.Helper()
	c := exec.Command("env", append([]string{program}, args...)...) // env finds it in our PATH
	c.Dir, c.Env = w.dir, w.environment()
	out, err := c.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		w.Fatal(err)
	}
	return strings.TrimSpace(string(out)), c.ProcessState.ExitCode()
}

func (w *world) run(program string, args ...string) string {
	w.Helper()
	out, code := w.try(program, args...)
	if code != 0 {
		w.Fatalf("%s %s: exit %d\n%s", program, strings.Join(args, " "), code, out)
	}
	return out
}

func (w *world) git(args ...string) string { w.Helper(); return w.run("git", args...) }

// token is put together here, so that it stands in no file of this repository.
func token() string {
	return fmt.Sprintf("key: cqk_%s_%s\n", "0123456789abcdef", "Zk3wQ9bT7xLm2VfR8cYp5HsJ4nGd6AqX")
}

// commits says that a clean commit works, and gives what the others' hooks
// wrote meanwhile.
func (w *world) commits() []string {
	w.Helper()
	w.clearLog()
	w.number++
	w.writeMode(filepath.Join(w.dir, "clean.txt"), fmt.Sprintln(w.number), 0o644)
	w.git("add", "clean.txt")
	w.git("commit", "-q", "-m", "clean")
	return w.logged()
}

func (w *world) clearLog() { w.must(os.RemoveAll(w.log)) }

func (w *world) logged() []string {
	data, _ := os.ReadFile(w.log)
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// refuses wants a planted token refused: by a plain commit, and by one that
// skips what can be skipped. HEAD stays.
func (w *world) refuses() {
	w.Helper()
	path := filepath.Join(w.dir, "planted.env")
	w.writeMode(path, token(), 0o644)
	w.git("add", "planted.env")
	before := w.git("rev-parse", "HEAD")
	for _, flag := range []string{"--verify", "--no-verify"} {
		out, code := w.try("git", "commit", "-q", flag, "-m", "token")
		if code == 0 || !strings.Contains(out, "refused") || strings.Contains(out, "Zk3wQ9bT7xLm2VfR8cYp5HsJ4nGd6AqX") {
			w.Errorf("commit %s with a token: exit %d\n%s", flag, code, out)
		}
		if now := w.git("rev-parse", "HEAD"); now != before {
			w.Errorf("commit %s with a token moved HEAD", flag)
		}
	}
	w.git("rm", "-q", "-f", "planted.env")
}

// setup is the picture of everything about hooks: configurations and the
// folders of hooks, with modes; not what commits change.
func (w *world) setup() map[string]string {
	w.Helper()
	picture := map[string]string{}
	w.must(filepath.WalkDir(w.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && slices.Contains([]string{"objects", "logs", "refs", "node_modules", "remote.git", ".local", ".cache"}, name) {
			return fs.SkipDir
		}
		if slices.Contains([]string{"index", "HEAD", "ORIG_HEAD", "COMMIT_EDITMSG", "packed-refs", "clean.txt", "log", "lefthook.checksum", ".npm"}, name) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %x", sha256.Sum256(data))
		}
		picture[strings.TrimPrefix(path, w.root)] = text
		return nil
	}))
	return picture
}

// same wants two pictures equal.
func (w *world) same(what string, got, want map[string]string) {
	w.Helper()
	for path, text := range want {
		if got[path] != text {
			w.Errorf("%s: %s is %q, want %q", what, path, got[path], text)
			if data, err := os.ReadFile(w.root + path); err == nil && len(data) < 2000 {
				w.Logf("%s:\n%s", path, data)
			}
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			w.Errorf("%s: %s is new", what, path)
		}
	}
}
