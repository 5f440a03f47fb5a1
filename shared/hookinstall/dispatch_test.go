package hookinstall

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hook writes a hook of somebody else.
func (w *world) hook(path, text string) {
	w.Helper()
	w.writeMode(path, "#!/bin/sh\n"+text, 0o755)
}

// What git gives a hook reaches the one that was there: words, input,
// environment; and what it answers reaches git.
func TestTheOtherHookRunsAsWithoutUs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mainTree, "")
	hooks := w.repo + "/.git/hooks/"
	w.hook(hooks+"pre-commit", `echo "$# $GIT_INDEX_FILE $GIT_AUTHOR_NAME" >>"$LOG"; exit $(cat "$HOME/answer")`+"\n")
	w.hook(hooks+"reference-transaction", "echo \"$*\" >>\"$LOG\"; cat >>\"$LOG\"\n")
	w.hook(hooks+"pre-push", "printf '<%s>' \"$@\" >>\"$LOG\"; cat >>\"$LOG\"; echo and err >&2\n")
	w.write("home/answer", "0\n")
	with := func() (string, string) {
		w.clearLog()
		w.git("commit", "-q", "--allow-empty", "-m", "one")
		w.git("tag", "-f", "tag")
		w.git("update-ref", "refs/heads/x", "HEAD")
		w.git("push", "-q", "there", "HEAD:refs/heads/p", "HEAD:refs/heads/q")
		out := strings.Join(w.logged(), "\n")
		w.git("push", "-q", "--no-verify", "there", ":p", ":q")
		w.git("reset", "-q", "--soft", "HEAD^")
		w.git("update-ref", "-d", "refs/heads/x")
		w.git("tag", "-d", "tag")
		w.write("home/answer", "7\n")
		answer, code := w.try("git", "commit", "-q", "--allow-empty", "-m", "refused by the other")
		w.write("home/answer", "0\n")
		return out, fmt.Sprint(answer, code)
	}
	log1, said1 := with()
	w.run("git", "clawql-hooks", "install")
	log2, said2 := with()
	if mask(log1) != mask(log2) || said1 != said2 {
		t.Errorf("without us:\n%s\n%s\nwith us:\n%s\n%s", log1, said1, log2, said2)
	}
	if strings.Count(log2, "prepared") < 2 || !strings.Contains(log2, "<there>") {
		t.Errorf("the others' hooks ran so:\n%s", log2)
	}
}

// mask takes object ids out.
func mask(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' })
	for i, word := range words {
		if len(word) == 40 && strings.Trim(word, "0123456789abcdef") == "" && strings.Trim(word, "0") != "" {
			words[i] = "ID"
		}
	}
	return strings.Join(words, " ")
}

// A transaction of thousands of references reaches both, whole.
func TestManyReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mainTree, "")
	w.hook(w.repo+"/.git/hooks/reference-transaction", "[ \"$1\" = prepared ] && cat >>\"$LOG\"\nexit 0\n")
	w.run("git", "clawql-hooks", "install")
	for name, many := range map[string]int{"refs/remotes/there/": 1000, "refs/heads/many/": 70} { // both beyond what sh reads itself
		w.clearLog()
		var lines strings.Builder
		id := w.git("rev-parse", "HEAD")
		for i := range many {
			fmt.Fprintf(&lines, "create %s%d %s\n", name, i, id)
		}
		w.write("lines", lines.String())
		w.run("sh", "-c", "git update-ref --stdin <../lines")
		if got := len(w.logged()); got != many {
			t.Errorf("%s: the other hook saw %d references of %d", name, got, many)
		}
	}
	w.writeMode(w.repo+"/planted.env", token(), 0o644)
	w.git("add", "planted.env")
	tree := w.git("write-tree")
	bad := w.git("commit-tree", "-m", "x", tree)
	w.write("lines", manyWith(w.git("rev-parse", "HEAD"), bad))
	if out, code := w.try("sh", "-c", "git update-ref --stdin <../lines"); code == 0 || !strings.Contains(out, "refused") {
		t.Errorf("the last of many references brings a token: exit %d\n%s", code, out)
	}
}

func manyWith(good, bad string) string {
	var lines strings.Builder
	for i := range 100 {
		fmt.Fprintf(&lines, "create refs/remotes/elsewhere/%d %s\n", i, good)
	}
	fmt.Fprintf(&lines, "create refs/heads/zz %s\n", bad)
	return lines.String()
}

// A hook that goes by its own name is run where it is; a committed folder of
// hooks is not written to.
func TestHooksThatStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	t.Run("by its name", func(t *testing.T) {
		w := newWorld(t, mainTree, "")
		path := w.repo + "/.git/hooks/pre-commit"
		w.hook(path, "echo \"$(basename \"$0\")\" >>\"$LOG\"\n")
		w.run("git", "clawql-hooks", "install")
		if got := w.commits(); !slices.Equal(got, []string{"pre-commit"}) {
			t.Errorf("it ran as %q", got)
		}
		w.refuses()
		w.well()
	})
	t.Run("a link", func(t *testing.T) {
		w := newWorld(t, mainTree, "")
		w.hook(w.root+"/multi", "echo \"${0##*/}\" >>\"$LOG\"\n")
		w.must(os.Symlink("../../../multi", w.repo+"/.git/hooks/pre-commit"))
		without := w.setup()
		w.run("git", "clawql-hooks", "install")
		if got := w.commits(); !slices.Equal(got, []string{"pre-commit"}) {
			t.Errorf("it ran as %q", got)
		}
		w.well()
		w.run("git", "clawql-hooks", "uninstall")
		w.same("uninstalled", w.setup(), without)
	})
	for _, absolute := range []bool{false, true} {
		t.Run(fmt.Sprintf("a committed folder, absolute %v", absolute), func(t *testing.T) {
			w := newWorld(t, mainTree, "")
			folder := ".githooks"
			w.hook(w.repo+"/.githooks/pre-commit", "echo pre-commit >>\"$LOG\"\n")
			w.hook(w.repo+"/.githooks/post-commit", "echo post >>\"$LOG\"\n")
			w.git("add", ".githooks")
			w.git("commit", "-q", "-m", "hooks")
			if absolute {
				folder = w.repo + "/.githooks"
			}
			w.git("config", "core.hooksPath", folder)
			without := w.setup()
			w.run("git", "clawql-hooks", "install")
			if out := w.git("status", "--porcelain"); out != "" {
				t.Errorf("the work tree changed: %s", out)
			}
			if got := w.commits(); !slices.Equal(got, []string{"pre-commit", "post"}) {
				t.Errorf("a commit ran %q", got)
			}
			w.refuses()
			w.well()
			w.enter(linked)
			if got := w.commits(); !slices.Equal(got, []string{"pre-commit", "post"}) {
				t.Errorf("a commit in another work tree ran %q", got)
			}
			w.refuses()
			w.well()
			w.dir = w.repo
			w.git("worktree", "remove", "--force", w.root+"/linked")
			// Others move the path while we are there: their new folder counts.
			w.hook(w.repo+"/elsewhere/pre-commit", "echo elsewhere >>\"$LOG\"\n")
			w.git("config", "core.hooksPath", "elsewhere")
			if got := w.commits(); !slices.Equal(got, []string{"elsewhere"}) {
				t.Errorf("with another core.hooksPath a commit ran %q", got)
			}
			w.git("config", "core.hooksPath", folder)
			w.run("git", "clawql-hooks", "uninstall")
			w.must(os.RemoveAll(w.repo + "/elsewhere"))
			delete(without, "/repo/.git/worktrees")
			w.same("uninstalled", w.setup(), without)
		})
	}
}

// One install for the user covers repositories of now and later, runs their
// own hooks, and tells of a repository that goes past it.
func TestGlobal(t *testing.T) {
	t.Parallel()
	for name, folder := range gits() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, mainTree, folder)
			w.hook(w.repo+"/.git/hooks/pre-commit", "echo pre-commit >>\"$LOG\"\n")
			without := w.setup()
			w.run("git", "clawql-hooks", "install", "--global")
			if out := w.run("git", "clawql-hooks", "install", "--global"); !strings.Contains(out, "nothing to install") {
				t.Errorf("a second install: %s", out)
			}
			w.well()
			if got := w.commits(); !slices.Equal(got, []string{"pre-commit"}) {
				t.Errorf("a commit ran %q", got)
			}
			w.refuses()
			// Installed in the repository too: nobody runs twice.
			w.run("git", "clawql-hooks", "install")
			if got := w.commits(); !slices.Equal(got, []string{"pre-commit"}) {
				t.Errorf("with both, a commit ran %q", got)
			}
			w.refuses()
			w.run("git", "clawql-hooks", "uninstall")
			w.git("init", "-q", "../later")
			w.dir = w.root + "/later"
			w.git("commit", "-q", "--allow-empty", "-m", "first")
			w.refuses()
			w.git("config", "core.hooksPath", "elsewhere")
			out, code := w.try("git", "clawql-hooks", "status")
			if past := folder == ""; (code == 1) != past || past && !strings.Contains(out, "core.hooksPath elsewhere (local)") {
				t.Errorf("with a core.hooksPath of its own: exit %d\n%s", code, out)
			}
			w.must(os.RemoveAll(w.dir))
			w.dir = w.repo
			w.run("git", "clawql-hooks", "uninstall", "--global")
			w.same("uninstalled", w.setup(), without)
		})
	}
}

// A company's folder of hooks is before all repositories; ours joins it.
func TestGlobalBesideAnotherGlobalFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mainTree, "")
	w.hook(w.root+"/company/pre-commit", "echo company >>\"$LOG\"\n")
	w.hook(w.repo+"/.git/hooks/pre-commit", "echo never >>\"$LOG\"\n") // as without us
	w.git("config", "--global", "core.hooksPath", w.root+"/company")
	without := w.setup()
	for _, flag := range []string{"--global", "--recurse-submodules"} {
		w.run("git", "clawql-hooks", "install", flag)
		w.well()
		if got := w.commits(); !slices.Equal(got, []string{"company"}) {
			t.Errorf("a commit ran %q", got)
		}
		w.refuses()
		w.git("config", "--global", "core.editor", "vi") // whoever writes to a section of ours keeps it
		w.run("git", "clawql-hooks", "uninstall", flag)
		w.run("git", "clawql-hooks", "uninstall") // receipts lie in each repository
		if got := w.git("config", "--global", "core.editor"); got != "vi" {
			t.Errorf("core.editor is %q", got)
		}
		w.git("config", "--global", "--unset", "core.editor")
		w.same("uninstalled", w.setup(), without)
	}
	if _, err := os.Stat(filepath.Join(w.root, "company", "reference-transaction")); err == nil {
		t.Error("the company's folder was written to")
	}
}

// The text is for every sh: those that are here answer the same.
func TestShells(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mainTree, "")
	w.run("git", "clawql-hooks", "install")
	good := w.git("rev-parse", "HEAD")
	w.writeMode(w.repo+"/planted.env", token(), 0o644)
	w.git("add", "planted.env")
	bad := w.git("commit-tree", "-m", "x", w.git("write-tree"))
	zero := strings.Repeat("0", 40)
	asked := 0
	for _, shell := range []string{"dash", "bash --posix", "busybox sh", "mksh", "ksh", "zsh --emulate sh", "yash"} {
		if _, code := w.try("sh", "-c", shell+" -c 'exit 0'"); code != 0 {
			continue
		}
		asked++
		for line, want := range map[string]int{
			zero + " " + bad + " refs/heads/x": 1, zero + " " + bad + " refs/remotes/x/y": 0, zero + " " + good + " refs/heads/x": 0,
			bad + " " + zero + " refs/heads/x": 0, zero + " " + bad + " refs/tags/refs/heads/x": 0, zero + " ref:refs/heads/x HEAD": 0,
		} {
			for _, state := range []string{"prepared", "committed"} {
				if state != "prepared" {
					want = 0
				}
				out, code := w.try("sh", "-c", "printf '%s\\n' '"+line+"' | "+shell+" .git/hooks/reference-transaction "+state)
				if code != want {
					t.Errorf("%s, %s, %s: exit %d, want %d\n%s", shell, state, line, code, want, out)
				}
			}
		}
	}
	if asked == 0 {
		t.Error("there is no shell to ask")
	}
}
