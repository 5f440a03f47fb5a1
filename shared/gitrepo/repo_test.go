package gitrepo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

func TestOpen(t *testing.T) {
	g := gittest.New(t)
	g.Write("deploy/base/a.yaml", "a: 1\n")
	id := g.Commit("first", nil)
	top, err := filepath.EvalSymlinks(g.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("from a subfolder", func(t *testing.T) {
		r := open(t, filepath.Join(g.Dir, "deploy", "base"))
		if r.Top() != top {
			t.Errorf("top %q, want %q", r.Top(), top)
		}
	})
	t.Run("through a symbolic link", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(filepath.Join(g.Dir, "deploy"), link); err != nil {
			t.Fatal(err)
		}
		if r := open(t, link); r.Top() != top {
			t.Errorf("top %q, want %q", r.Top(), top)
		}
	})
	t.Run("a linked work tree", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "other")
		g.Git("worktree", "add", "-q", "-b", "side", other)
		r := open(t, other)
		head, err := r.Head(t.Context())
		branch, _ := r.CurrentBranch(t.Context())
		if err != nil || head.ID != id || branch != "side" {
			t.Errorf("head %s on %q, %v", head.ID, branch, err)
		}
	})
	t.Run("worktreeConfig, which go-git cannot read", func(t *testing.T) {
		g.Git("config", "extensions.worktreeConfig", "true")
		if head, err := open(t, g.Dir).Head(t.Context()); err != nil || head.ID != id {
			t.Errorf("head %s, %v", head.ID, err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	bare := t.TempDir()
	g := gittest.New(t)
	g.Git("init", "-q", "--bare", bare)
	elsewhere := gittest.New(t)
	elsewhere.Git("config", "core.worktree", t.TempDir())
	above := gittest.New(t)
	above.Git("config", "core.worktree", filepath.Dir(above.Dir))
	tests := []struct{ name, dir, text string }{
		{"no repository", t.TempDir(), "is a git repository"},
		{"no folder", filepath.Join(t.TempDir(), "none"), "no such file"},
		{"bare", bare, "no work tree"},
		{"core.worktree elsewhere", elsewhere.Dir, "work tree"},
		{"core.worktree above", above.Dir, "its configuration says that its work tree is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), tt.dir)
			if err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want one with %q", err, tt.text)
			}
		})
	}
}

// A repository of another user's is refused by git itself; the way out is told.
func TestOpenForeignOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	g := gittest.New(t)
	for _, p := range []string{g.Dir, filepath.Join(g.Dir, ".git")} {
		if err := os.Chown(p, 65532, 65532); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(t.Context(), g.Dir)
	if err == nil || !strings.Contains(err.Error(), "belongs to another user") || !strings.Contains(strings.Join(fault.Hints(err), ""), "safe.directory") {
		t.Errorf("error %v, hints %q", err, fault.Hints(err))
	}
}

func TestHead(t *testing.T) {
	g := gittest.New(t)
	r := open(t, g.Dir)
	if _, err := r.Head(t.Context()); err == nil || len(fault.Hints(err)) == 0 {
		t.Errorf("an unborn branch has a head: %v", err)
	}
	g.Env = []string{"GIT_AUTHOR_DATE=1700000000 +0100", "GIT_COMMITTER_DATE=1700000100 -0230",
		"GIT_AUTHOR_NAME=Ann Ö", "GIT_AUTHOR_EMAIL=ann@example.org"}
	g.Write("a", "1")
	first := g.Commit("subject line\n\nbody", nil)
	second := g.Commit("next", nil)
	c, err := r.Commit(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject != "subject line" || c.AuthorName != "Ann Ö" || c.AuthorEmail != "ann@example.org" || c.CommitterEmail != "nobody@example.org" ||
		!c.CommitTime.Equal(time.Unix(1700000100, 0)) || len(c.Parents) != 0 || c.Tree != g.Git("rev-parse", "HEAD^{tree}") || string(c.Raw) != g.Raw(first) {
		t.Errorf("commit %+v", c)
	}
	head, err := r.Head(t.Context())
	if err != nil || head.ID != second || len(head.Parents) != 1 || head.Parents[0] != first {
		t.Errorf("head %+v, %v", head, err)
	}
}

func TestSHA256Repository(t *testing.T) {
	g := gittest.New(t, "--object-format=sha256")
	g.Write("deploy/a.yaml", "a: 1\n")
	id := g.Commit("first", nil)
	r := open(t, g.Dir)
	tree, err := r.Tree(t.Context(), "HEAD")
	if err != nil || len(id) != 64 || string(tree.Files["deploy/a.yaml"]) != "a: 1\n" {
		t.Errorf("id %s, files %q, %v", id, tree.Files, err)
	}
	if dirty, err := r.Dirty(t.Context()); err != nil || len(dirty) != 0 {
		t.Errorf("dirty %q, %v", dirty, err)
	}
}

// A name that a branch and a tag share must never be asked for.
func TestOnlyFullNames(t *testing.T) {
	g := gittest.New(t)
	main := g.Commit("one", nil)
	g.Git("tag", "main", g.Commit("two", nil))
	g.Git("update-ref", "refs/heads/main", main)
	r := open(t, g.Dir)
	for _, rev := range []string{"main", "HEAD~1", "-h", "--all", "", main[:10], "HEAD^{tree}"} {
		if c, err := r.Commit(t.Context(), rev); err == nil {
			t.Errorf("%q was taken for %s", rev, c.ID)
		}
	}
	if c, err := r.Commit(t.Context(), "refs/heads/main"); err != nil || c.ID != main {
		t.Errorf("refs/heads/main is %s, %v", c.ID, err)
	}
	if tip, err := r.BranchTip(t.Context(), "main"); err != nil || tip != main {
		t.Errorf("tip %s, %v", tip, err)
	}
}

func TestReaderOfObjectsComesBack(t *testing.T) {
	g := gittest.New(t)
	id := g.Commit("one", nil)
	r := open(t, g.Dir)
	if _, err := r.Commit(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Commit(ctx, id); err == nil {
		t.Error("a cancelled context reads")
	}
	r.objects.cmd.Process.Kill()
	_, _ = r.Commit(t.Context(), id) // it may meet the dying reader; the next one must not
	if _, err := r.Commit(t.Context(), id); err != nil {
		t.Errorf("after a killed reader: %v", err)
	}
	r.Close()
	if _, err := r.Commit(t.Context(), id); err != nil {
		t.Errorf("after Close: %v", err)
	}
}
