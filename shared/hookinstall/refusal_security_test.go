package hookinstall

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// installed makes a repository whose hooks ask a copy of the program, which
// the test may then harm.
func installed(t *testing.T) (*world, string) {
	w := newWorld(t, mainTree, "")
	folder := filepath.Join(w.root, "own")
	w.must(os.Mkdir(folder, 0o755))
	w.must(os.Link(binaries+"/git-clawql-hooks", folder+"/git-clawql-hooks"))
	w.bin = folder
	w.run("git", "clawql-hooks", "install")
	return w, folder + "/git-clawql-hooks"
}

func (w *world) commitIsRefused(why string, want ...string) {
	w.Helper()
	for _, flag := range []string{"--verify", "--no-verify"} {
		out, code := w.try("git", "commit", "-q", "--allow-empty", flag, "-m", "x")
		if code == 0 {
			w.Errorf("%s, commit %s: it was made", why, flag)
		}
		for _, one := range want {
			if !strings.Contains(out, one) {
				w.Errorf("%s, commit %s: %q is not said:\n%s", why, flag, one, out)
			}
		}
	}
}

func TestTheProgramIsGone(t *testing.T) {
	t.Parallel()
	w, program := installed(t)
	w.must(os.Remove(program))
	w.commitIsRefused("the program is gone", "commit refused: git-clawql-hooks is neither at "+program, "hint: install git-clawql-hooks again")
	// A branch that nobody can judge does not move; what is no branch does.
	w.git("tag", "fine")
	if _, code := w.try("git", "push", "-q", "there", "HEAD:refs/heads/x"); code == 0 {
		t.Error("a push went through without the program")
	}
	// It is back at another place: PATH leads there, and status says so.
	w.must(os.Mkdir(w.root+"/moved", 0o755))
	w.must(os.Link(binaries+"/git-clawql-hooks", w.root+"/moved/git-clawql-hooks"))
	w.bin = w.root + "/moved"
	w.commits()
	w.refuses()
	out, code := w.try("git", "clawql-hooks", "status")
	if code != 1 || !strings.Contains(out, "fix: git clawql-hooks install") {
		t.Errorf("status: exit %d\n%s", code, out)
	}
	w.run("git", "clawql-hooks", "install")
	w.well()
}

func TestAProgramInTheWorkTreeIsNotTaken(t *testing.T) {
	t.Parallel()
	w, program := installed(t)
	w.must(os.Remove(program))
	w.hook(w.repo+"/node_modules/.bin/git-clawql-hooks", "exit 0\n")
	for _, path := range []string{w.repo + "/node_modules/.bin", "node_modules/.bin", "."} {
		w.bin = path
		w.commitIsRefused("PATH begins with "+path, "neither at")
	}
}

func TestAProbeIsNoWayPast(t *testing.T) {
	w, _ := installed(t)
	before := w.git("rev-parse", "HEAD")
	if out, code := w.try("env", ProbeVariable+"=nonce", "git", "commit", "-q", "--allow-empty", "-m", "x"); code == 0 || w.git("rev-parse", "HEAD") != before {
		t.Errorf("a commit with a probe: exit %d\n%s", code, out)
	}
}

func TestAForgedAnswerIsNone(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	w.hook(w.repo+"/.git/hooks/pre-commit", "# clawql-hooks 1: not ours\necho \"clawql-hooks pre-commit x git clawql-hooks v1\"\nexit 86\n")
	if out, code := w.try("git", "clawql-hooks", "status"); code == 0 || strings.Contains(out, "ok       pre-commit ") {
		t.Errorf("status believes an answer without the nonce: exit %d\n%s", code, out)
	}
}

func TestProgramsThatAreNotTrusted(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "git-clawql-hooks")
	data, err := os.ReadFile(binaries + "/git-clawql-hooks")
	if err == nil {
		err = os.WriteFile(program, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := Trustworthy(program); err != nil {
		t.Fatalf("a good program: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	bad := func(what string, path string) {
		t.Helper()
		if err := Trustworthy(path); err == nil {
			t.Errorf("%s is trusted", what)
		}
	}
	bad("a relative path", "git-clawql-hooks")
	bad("nothing", program+"x")
	bad("a folder", dir)
	for _, c := range []struct {
		what, path string
		mode       os.FileMode
	}{{"a program that all can write", program, 0o757}, {"a program in a folder that all can write", dir, 0o777}, {"no program", program, 0o644}} {
		if err := os.Chmod(c.path, c.mode); err != nil {
			t.Fatal(err)
		}
		bad(c.what, program)
		bad(c.what+", by a link", link)
		if err := os.Chmod(c.path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		if err := os.Chown(program, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		bad("another user's program", program)
	}
}
