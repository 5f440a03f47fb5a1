package gitchange

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// work is a real repository.
type work struct {
	t   *testing.T
	dir string
}

func newWork(t *testing.T) work {
	t.Helper()
	for _, one := range os.Environ() {
		if name, _, _ := strings.Cut(one, "="); strings.HasPrefix(name, "GIT_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull, "HOME": t.TempDir(),
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
	} {
		t.Setenv(name, value)
	}
	w := work{t, t.TempDir()}
	w.git("init", "-q", "-b", "main")
	return w
}

func (w work) git(args ...string) string {
	w.t.Helper()
	c := exec.Command("git", args...)
	c.Dir = w.dir
	out, err := c.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files and commits them; a text of "" removes.
func (w work) commit(files map[string]string) string {
	w.t.Helper()
	for name, text := range files {
		file := filepath.Join(w.dir, name)
		if text == "" {
			os.Remove(file)
		} else if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			w.t.Fatal(err)
		}
	}
	w.git("add", "-A")
	w.git("commit", "-q", "--allow-empty", "-m", "x")
	return w.git("rev-parse", "HEAD")
}

func (w work) history(ids ...string) []Change {
	w.t.Helper()
	all, err := In(w.dir).History(context.Background(), ids)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func TestHistoryOfMerges(t *testing.T) {
	w := newWork(t)
	root := w.commit(map[string]string{"a": "1", "b": "1"})
	w.git("checkout", "-qb", "other")
	other := w.commit(map[string]string{"b": "2", "d": "theirs"})
	w.git("checkout", "-q", "main")
	main := w.commit(map[string]string{"c": "1", "d": "ours"})
	w.git("merge", "-q", "--no-commit", "--no-ff", "-X", "ours", "other")
	merge := w.commit(map[string]string{"d": "both", "e": "evil"})
	var got []string
	for _, c := range w.history(root, main, merge) {
		got = append(got, c.Commit[:4]+" "+c.Path)
		if c.Path == "d" && c.Commit == merge && (len(c.Before()) != 2 || c.Before()[0].ID == c.Before()[1].ID) {
			t.Errorf("d was in both parents: %v", c.Before())
		}
		if c.Path == "e" && (len(c.Before()) != 0 || c.Deleted()) {
			t.Errorf("e was in no parent: %v", c.Before())
		}
	}
	want := []string{root[:4] + " a", root[:4] + " b", main[:4] + " c", main[:4] + " d", merge[:4] + " d", merge[:4] + " e"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	octopus := w.git("commit-tree", "-m", "x", "-p", root, "-p", other, "-p", main, root+"^{tree}")
	for _, c := range w.history(octopus) {
		if len(c.Others) != 2 {
			t.Errorf("%s has %d further parents", c.Path, len(c.Others))
		}
	}
}

func TestOddNamesComeThrough(t *testing.T) {
	w := newWork(t)
	names := []string{"a\nb", ":colon", "tab\t\"q\"", "-x", "é\xff", "sub/::x"}
	files := map[string]string{}
	for _, name := range names {
		files[name] = "x"
	}
	var got []string
	for _, c := range w.history(w.commit(files)) {
		got = append(got, c.Path)
	}
	slices.Sort(names)
	slices.Sort(got)
	if !slices.Equal(got, names) {
		t.Errorf("%q", got)
	}
}

func TestAllCommitsHasTheWholeStash(t *testing.T) {
	w := newWork(t)
	w.commit(map[string]string{"a": "1"})
	for _, text := range []string{"2", "3"} {
		os.WriteFile(filepath.Join(w.dir, "a"), []byte(text), 0o644)
		w.git("stash", "-q")
	}
	all, err := In(w.dir).AllCommits(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if older := w.git("rev-parse", "stash@{1}"); !slices.Contains(all, older) || len(all) < 4 {
		t.Errorf("%d commits, the older entry among them: %v", len(all), slices.Contains(all, older))
	}
}

func TestResolve(t *testing.T) {
	w := newWork(t)
	id := w.commit(map[string]string{"a": "1"})
	w.git("tag", "-am", "x", "v1")
	for _, name := range []string{"HEAD", "v1", id[:8], "main"} {
		if got, err := In(w.dir).Resolve(context.Background(), name); got != id || err != nil {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
	for _, name := range []string{"", "-x", "--all", "nowhere", "HEAD:a", "HEAD^{tree}"} {
		if got, err := In(w.dir).Resolve(context.Background(), name); err == nil {
			t.Errorf("%q is %s", name, got)
		}
	}
}

// Contents given out at once are bounded, and one that is larger than the
// bound comes alone.
func TestHoldIsBounded(t *testing.T) {
	w := newWork(t)
	w.commit(map[string]string{"big": strings.Repeat("x", heldAtOnce+10), "a": "small", "b": "also small"})
	objects, err := In(w.dir).Objects(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var lock sync.Mutex
	held, most := 0, 0
	for _, name := range []string{"HEAD:big", "HEAD:a", "HEAD:b", "HEAD:big", "HEAD:a"} {
		group.Go(func() {
			content, size, release, err := objects.Hold(context.Background(), name)
			if err != nil || int64(len(content)) != size {
				t.Errorf("%s: %d bytes, %v", name, len(content), err)
				return
			}
			lock.Lock()
			held += len(content)
			most = max(most, held)
			lock.Unlock()
			lock.Lock()
			held -= len(content)
			lock.Unlock()
			release()
		})
	}
	group.Wait()
	if most > heldAtOnce+10 {
		t.Errorf("%d bytes were given out at once", most)
	}
	for _, name := range []string{"HEAD:nowhere", "HEAD", "a\nb"} {
		if _, _, _, err := objects.Hold(context.Background(), name); err == nil {
			t.Errorf("%q is a content", name)
		}
	}
	if content, _, release, err := objects.Hold(context.Background(), "HEAD:a"); err != nil || string(content) != "small" {
		t.Errorf("after errors: %q %v", content, err)
	} else {
		release()
	}
	ctx, stop := context.WithCancel(context.Background())
	_, _, release, err := objects.Hold(ctx, "HEAD:big")
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if _, _, _, err := objects.Hold(ctx, "HEAD:a"); err == nil {
		t.Error("an ended context waits for nothing")
	}
	release()
	_ = objects.Close()
}
