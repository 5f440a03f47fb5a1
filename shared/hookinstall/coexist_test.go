package hookinstall

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// manager is something else that puts hooks into a repository.
type manager struct {
	name    string
	here    func() bool
	prepare func(*world) // what its users commit
	install func(*world) // in the current work tree, again and again
	// overwrites says that it takes the place of a hook that is there, without
	// running it.
	overwrites bool
	// perTree says that a fresh work tree has no hooks before it runs there.
	perTree bool
}

var tools, _ = filepath.Abs("../../bin/node-tools/node_modules/.bin")

func tool(name string) func() bool {
	return func() bool { return exists(filepath.Join(tools, name)) }
}

var managers = []manager{
	{
		name: "hand-written", here: func() bool { return true }, overwrites: true, prepare: func(*world) {},
		install: func(w *world) {
			folder := w.git("rev-parse", "--git-path", "hooks")
			if !filepath.IsAbs(folder) {
				folder = filepath.Join(w.dir, folder)
			}
			w.writeMode(filepath.Join(folder, "pre-commit"), "#!/bin/sh\necho pre-commit >>\"$LOG\"\n", 0o744)
			w.writeMode(filepath.Join(folder, "pre-push"), "#!/bin/sh\necho \"pre-push $*\" >>\"$LOG\"\ncat >>\"$LOG\"\n", 0o755)
		},
	},
	{
		name: "husky", here: tool("husky"), perTree: true,
		prepare: func(w *world) {
			w.writeMode(w.dir+"/.husky/pre-commit", "echo pre-commit >>\"$LOG\"\n", 0o644)
			w.writeMode(w.dir+"/.husky/pre-push", "echo \"pre-push $*\" >>\"$LOG\"\ncat >>\"$LOG\"\n", 0o644)
		},
		install: func(w *world) { w.run(filepath.Join(tools, "husky")) },
	},
	{
		name: "lefthook", here: tool("lefthook"), overwrites: true,
		prepare: func(w *world) {
			w.writeMode(w.dir+"/lefthook.yml", "pre-commit:\n  jobs:\n    - run: echo pre-commit >>\"$LOG\"\n"+
				"pre-push:\n  jobs:\n    - use_stdin: true\n      run: echo \"pre-push {0}\" >>\"$LOG\"; cat >>\"$LOG\"\n", 0o644)
		},
		install: func(w *world) { w.run(filepath.Join(tools, "lefthook"), "install") },
	},
	{
		name: "pre-commit", here: func() bool { _, err := exec.LookPath("pre-commit"); return err == nil },
		prepare: func(w *world) {
			w.writeMode(w.dir+"/.pre-commit-config.yaml", "repos:\n- repo: local\n  hooks:\n"+
				"  - {id: c, name: c, language: system, always_run: true, pass_filenames: false, stages: [commit], entry: 'sh -c \"echo pre-commit >>$LOG\"'}\n"+
				"  - {id: p, name: p, language: system, always_run: true, pass_filenames: false, stages: [push], entry: 'sh -c \"echo pre-push $PRE_COMMIT_REMOTE_NAME >>$LOG\"'}\n", 0o644)
		},
		install: func(w *world) { w.run("pre-commit", "install", "-t", "pre-commit", "-t", "pre-push") },
	},
}

// required says that the full table is wanted; without it there is a part of
// it, on the system's git, with the hooks that need no installation.
func required() bool {
	return slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "hook-managers")
}

// TestCoexist: each manager before and after us, in each place, on each git.
func TestCoexist(t *testing.T) {
	if required() && gits()["git-next"] == "" {
		t.Error("CLAWQL_REQUIRE names hook-managers, and there is no git with config hooks: run .ci/install-hook-managers")
	}
	for name, folder := range gits() {
		for _, m := range managers {
			for _, place := range places {
				for _, order := range []string{"before", "after"} {
					quick := m.name == "hand-written" && folder == "" && (place == submodule) == (order == "after")
					if !quick && !required() {
						continue
					}
					t.Run(name+"/"+m.name+"/"+order+"/"+place, func(t *testing.T) {
						t.Parallel()
						if !m.here() {
							t.Fatalf("CLAWQL_REQUIRE names hook-managers, and %s is not here: run .ci/install-hook-managers", m.name)
						}
						m.coexist(t, folder, place, order)
					})
				}
			}
		}
	}
}

func (m manager) coexist(t *testing.T, folder, place, order string) {
	w := newWorld(t, place, folder)
	m.prepare(w)
	w.git("add", "-A")
	w.git("commit", "-q", "--allow-empty", "-m", "its files")
	w.enter(place)
	if order == "before" {
		m.install(w)
	}
	without := w.setup()
	w.run("git", "clawql-hooks", "install")
	if order == "after" {
		m.install(w)
		w.refuses() // even where it wrote over a hook of ours
	}
	// husky in a fresh work tree: its own hooks are not there yet, ours are.
	out, code := w.try("git", "clawql-hooks", "status")
	if shouts := strings.Contains(out, "fix: git clawql-hooks install"); (code == 0) == shouts {
		t.Errorf("status ends with %d and says\n%s", code, out)
	}
	if code != 0 && !(order == "after" && m.overwrites || order == "after" && m.perTree) {
		t.Errorf("status is not well:\n%s", out)
	}
	w.run("git", "clawql-hooks", "install")
	once := w.setup()
	if out := w.run("git", "clawql-hooks", "install"); !strings.Contains(out, "nothing to install") {
		t.Errorf("a second install: %s", out)
	}
	w.same("installed twice", w.setup(), once)
	w.well()
	w.allRun()
	m.install(w) // as at each npm install
	w.refuses()
	w.run("git", "clawql-hooks", "install")
	w.well()
	w.allRun()
	w.run("git", "clawql-hooks", "uninstall")
	if order == "after" {
		without = m.alone(t, folder, place, w)
	}
	w.same("uninstalled", w.setup(), without)
	if got := w.commits(); !slices.Equal(got, []string{"pre-commit"}) {
		t.Errorf("after the uninstall a commit runs %q", got)
	}
}

// alone is how the setup looks where we never were.
func (m manager) alone(t *testing.T, folder, place string, other *world) map[string]string {
	w := newWorld(t, place, folder)
	w.must(os.RemoveAll(other.root + "/away"))
	m.prepare(w)
	w.git("add", "-A")
	w.git("commit", "-q", "--allow-empty", "-m", "its files")
	w.enter(place)
	m.install(w)
	m.install(w)
	// Both worlds have the same files but for paths of their own.
	picture := map[string]string{}
	for path, text := range w.setup() {
		picture[path] = text
		a, err1 := os.ReadFile(w.root + path)
		b, err2 := os.ReadFile(other.root + path)
		if err1 == nil && err2 == nil && strings.ReplaceAll(string(a), w.root, other.root) == string(b) {
			picture[path] = other.setup()[path]
		}
	}
	return picture
}

func (w *world) well() {
	w.Helper()
	if out, code := w.try("git", "clawql-hooks", "status"); code != 0 {
		w.Errorf("status ends with %d:\n%s", code, out)
	}
}

// allRun: a commit and a push run the others' hooks once, with all that git
// gives them, and ours stand before them.
func (w *world) allRun() {
	w.Helper()
	if got := w.commits(); !slices.Equal(got, []string{"pre-commit"}) {
		w.Errorf("a commit runs the others' hooks so: %q", got)
	}
	w.refuses()
	w.clearLog()
	old := w.git("rev-parse", "HEAD")
	w.git("push", "-q", "there", "HEAD:refs/heads/pushed", "HEAD:refs/heads/second")
	got := strings.Join(w.logged(), "\n")
	if !strings.HasPrefix(got, "pre-push there") {
		w.Errorf("a push runs the others' hooks so: %q", got)
	}
	if strings.Contains(got, "refs/heads") && (strings.Count(got, old) != 2 || strings.Count(got, "\n") != 2) {
		w.Errorf("the others' pre-push did not get all its input: %q", got)
	}
	w.git("push", "-q", "--no-verify", "there", ":refs/heads/pushed", ":refs/heads/second")

	w.writeMode(filepath.Join(w.dir, "planted.env"), token(), 0o644)
	w.git("add", "planted.env")
	w.git("-c", "core.hooksPath=/dev/null", "-c", "hook.clawql-reference-transaction.enabled=false", "-c", "hook.clawql-pre-commit.enabled=false",
		"commit", "-q", "-m", "past the local hooks")
	if out, code := w.try("git", "push", "-q", "there", "HEAD:refs/heads/pushed"); code == 0 || !strings.Contains(out, "push refused") {
		w.Errorf("a push of a token: exit %d\n%s", code, out)
	}
	w.git("reset", "-q", "--hard", old)
}
