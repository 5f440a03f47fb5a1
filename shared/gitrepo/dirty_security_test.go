package gitrepo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

const file = "deploy/prod.yaml"

// Every way to hide a change from git status that we know of. Each must be
// named; "" stands for a change that must not be reported.
var hiding = []struct {
	name string
	hide func(t *testing.T, g *gittest.Repo)
	want string
}{
	{"nothing", func(*testing.T, *gittest.Repo) {}, ""},
	{"plain change", func(t *testing.T, g *gittest.Repo) { g.Write(file, "evil\n") }, "modified: " + file},
	{"staged change", func(t *testing.T, g *gittest.Repo) { g.Write(file, "evil\n"); g.Git("add", ".") }, "modified: " + file},
	{"staged, then put back", func(t *testing.T, g *gittest.Repo) {
		g.Write(file, "evil\n")
		g.Git("add", ".")
		g.Write(file, "good\n")
	}, "staged: " + file},
	{"staged removal only", func(t *testing.T, g *gittest.Repo) { g.Git("rm", "-q", "--cached", file) }, "staged: " + file},
	{"deleted", func(t *testing.T, g *gittest.Repo) { os.Remove(filepath.Join(g.Dir, file)) }, "deleted: " + file},
	{"untracked", func(t *testing.T, g *gittest.Repo) { g.Write("deploy/evil.yaml", "x") }, "untracked: deploy/evil.yaml"},
	{"untracked, status.showUntrackedFiles=no", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "status.showUntrackedFiles", "no")
		g.Write("evil/deep/evil.yaml", "x")
	}, "untracked: evil/deep/evil.yaml"},
	{"ignored file", func(t *testing.T, g *gittest.Repo) { g.Write("deploy/x.log", "x") }, ""},
	{"assume-unchanged", func(t *testing.T, g *gittest.Repo) {
		g.Git("update-index", "--assume-unchanged", file)
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"skip-worktree", func(t *testing.T, g *gittest.Repo) {
		g.Git("update-index", "--skip-worktree", file)
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"sparse checkout with files outside", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "sparse.expectFilesOutsideOfPatterns", "true")
		g.Git("sparse-checkout", "set", "--no-cone", "/docs/")
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"sparse checkout alone", func(t *testing.T, g *gittest.Repo) { g.Git("sparse-checkout", "set", "--no-cone", "/docs/") }, ""},
	{"core.fsmonitor that sees nothing", func(t *testing.T, g *gittest.Repo) {
		hook := script(t, `printf 'token\0'`)
		g.Git("config", "core.fsmonitor", hook)
		g.Git("config", "core.fsmonitorHookVersion", "2")
		g.Git("update-index", "--fsmonitor")
		g.Git("status")
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"untracked cache", func(t *testing.T, g *gittest.Repo) {
		g.Git("update-index", "--force-untracked-cache")
		g.Git("status")
		g.Write("deploy/evil.yaml", "x")
	}, "untracked: deploy/evil.yaml"},
	{"same size and times", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "core.trustctime", "false")
		g.Git("config", "core.checkStat", "minimal")
		full := filepath.Join(g.Dir, file)
		old := time.Unix(1600000000, 0)
		os.Chtimes(full, old, old)
		g.Git("update-index", "--refresh")
		os.WriteFile(full, []byte("EVIL\n"), 0o644)
		os.Chtimes(full, old, old)
	}, "modified: " + file},
	{"mode change", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "core.fileMode", "false")
		os.Chmod(filepath.Join(g.Dir, file), 0o755)
	}, "mode changed: " + file},
	{"link in place of the file", func(t *testing.T, g *gittest.Repo) {
		os.Remove(filepath.Join(g.Dir, file))
		os.Symlink("/etc/hostname", filepath.Join(g.Dir, file))
	}, "type changed: " + file},
	{"clean filter that answers HEAD's content", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "filter.x.clean", "echo good")
		g.Git("config", "filter.x.required", "true")
		g.Write(".git/info/attributes", "* filter=x\n")
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"filter process", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "filter.x.process", "false")
		g.Write(".git/info/attributes", "* filter=x\n")
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"filter that calls itself lfs", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "filter.lfs.clean", "echo good")
		g.Write(".git/info/attributes", "* filter=lfs\n")
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"textconv and external diff", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "diff.x.textconv", "echo same")
		g.Git("config", "diff.external", "true")
		g.Write(".git/info/attributes", "* diff=x -text\n")
		g.Write(file, "evil\n")
		g.Git("add", ".")
		g.Write(file, "good\n")
	}, "staged: " + file},
	{"status alias", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "alias.status", "!true")
		g.Git("config", "alias.diff-index", "!true")
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"diff.ignoreSubmodules and a dirty submodule", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "diff.ignoreSubmodules", "all")
		g.Git("config", "submodule.lib.ignore", "all")
		g.Write("lib/a.yaml", "evil\n")
	}, "submodule: lib"},
	{"untracked file in a submodule", func(t *testing.T, g *gittest.Repo) { g.Write("lib/new.yaml", "x") }, "submodule: lib"},
	{"submodule on another commit", func(t *testing.T, g *gittest.Repo) {
		sub := &gittest.Repo{T: t, Dir: filepath.Join(g.Dir, "lib")}
		sub.As("x", "x@example.org")
		sub.Commit("moved", nil)
	}, "submodule: lib"},
	{"hook that cleans up", func(t *testing.T, g *gittest.Repo) {
		g.Git("config", "core.hooksPath", filepath.Dir(named(t, "post-index-change", "touch "+g.Dir+"/ran")))
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"foreign index in the environment", func(t *testing.T, g *gittest.Repo) {
		other := gittest.New(t)
		t.Setenv("GIT_DIR", filepath.Join(other.Dir, ".git"))
		t.Setenv("GIT_WORK_TREE", other.Dir)
		t.Setenv("GIT_INDEX_FILE", filepath.Join(other.Dir, ".git", "index"))
		t.Setenv("GIT_CONFIG_COUNT", "1")
		t.Setenv("GIT_CONFIG_KEY_0", "core.worktree")
		t.Setenv("GIT_CONFIG_VALUE_0", other.Dir)
		g.Write(file, "evil\n")
	}, "modified: " + file},
	{"replaced commit", func(t *testing.T, g *gittest.Repo) {
		head := g.Head()
		g.Write(file, "evil\n")
		evil := g.Commit("evil", nil)
		g.Git("reset", "-q", "--soft", head)
		g.Git("replace", head, evil)
	}, "modified: " + file},
}

func TestHiddenChanges(t *testing.T) {
	sub := gittest.New(t)
	sub.Write("a.yaml", "a\n")
	sub.Commit("sub", nil)
	for _, tt := range hiding {
		t.Run(tt.name, func(t *testing.T) {
			g := gittest.New(t)
			g.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+sub.Dir, "lib")
			g.Write(file, "good\n")
			g.Write("docs/readme", "r")
			g.Write(".gitignore", "*.log\n")
			g.Commit("first", nil)
			tt.hide(t, g)
			dirty, err := open(t, g.Dir).Dirty(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" && len(dirty) > 0 || tt.want != "" && !slices.Contains(dirty, tt.want) {
				t.Errorf("dirty %q, want %q", dirty, tt.want)
			}
			if _, err := os.Stat(filepath.Join(g.Dir, "ran")); err == nil {
				t.Error("a program of the repository's configuration ran")
			}
		})
	}
}

func TestLineEndConversionIsNoChange(t *testing.T) {
	g := gittest.New(t)
	g.Write(".gitattributes", "*.txt text eol=crlf\n")
	g.Write("a.txt", "one\r\ntwo\r\n")
	g.Commit("first", nil)
	r := open(t, g.Dir)
	if dirty, err := r.Dirty(t.Context()); err != nil || len(dirty) != 0 {
		t.Errorf("dirty %q, %v", dirty, err)
	}
	if got, err := r.ReadFile(t.Context(), "HEAD", "a.txt"); err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("committed bytes %q, %v", got, err)
	}
}

// Nothing that the question writes may stay, and the real index must be left
// as it was.
func TestDirtyLeavesNoTrace(t *testing.T) {
	g := gittest.New(t)
	g.Write(file, "good\n")
	g.Commit("first", nil)
	index := filepath.Join(g.Dir, ".git", "index")
	before, _ := os.ReadFile(index)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	if _, err := open(t, g.Dir).Dirty(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := os.ReadFile(index)
	left, _ := os.ReadDir(temp)
	if string(before) != string(after) || len(before) == 0 || len(left) != 0 {
		t.Errorf("index changed: %v, left behind: %v", string(before) != string(after), left)
	}
}

// git-lfs in its usual form is let run: else each large file would look dirty.
func TestUsualLFSFilterRuns(t *testing.T) {
	g := gittest.New(t)
	g.Write("big.bin", "pointer\n")
	g.Commit("first", nil)
	lfs := named(t, "git-lfs", `[ "$1" = clean ] && echo pointer`)
	t.Setenv("PATH", filepath.Dir(lfs)+":"+os.Getenv("PATH"))
	g.Git("config", "filter.lfs.clean", "git-lfs clean -- %f")
	g.Write(".git/info/attributes", "*.bin filter=lfs\n")
	g.Write("big.bin", strings.Repeat("large ", 1000))
	if dirty, err := open(t, g.Dir).Dirty(t.Context()); err != nil || len(dirty) != 0 {
		t.Errorf("dirty %q, %v", dirty, err)
	}
}

// script is an executable shell script.
func script(t *testing.T, body string) string { return named(t, "script", body) }

func named(t *testing.T, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\n%s\n", body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
