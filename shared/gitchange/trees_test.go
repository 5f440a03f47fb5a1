package gitchange

import (
	"context"
	"fmt"
	"math/rand"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// randomCommit has files, scripts, links, submodules and folders by chance; few
// names, so that a path is often something else than before.
func (w work) randomCommit(random *rand.Rand, blobs []string) string {
	var lines strings.Builder
	w.git("read-tree", "--empty")
	for range random.Intn(12) {
		path := string(rune('a' + random.Intn(4)))
		for random.Intn(2) == 0 {
			path += "/" + []string{"a", "b", "ü x"}[random.Intn(3)]
		}
		mode := []string{"100644", "100755", "120000", "160000"}[random.Intn(4)]
		fmt.Fprintf(&lines, "%s %s 0\t%s\n", mode, blobs[random.Intn(len(blobs))], path)
	}
	w.fed(lines.String(), "update-index", "--replace", "--add", "--index-info")
	return w.git("commit-tree", "-m", "x", w.git("write-tree", "--missing-ok"))
}

// fed is git with something on its stdin.
func (w work) fed(in string, args ...string) string {
	w.t.Helper()
	c := exec.Command("git", args...)
	c.Dir, c.Stdin = w.dir, strings.NewReader(in)
	out, err := c.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (w work) objects() *Objects {
	objects, err := In(w.dir).Objects(context.Background()) // closed after the test's own context has ended
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := objects.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return objects
}

// What the trees say by themselves is what git diff-tree says of them.
func TestBetweenIsWhatGitSays(t *testing.T) {
	w := newWork(t)
	random := rand.New(rand.NewSource(1))
	blobs := []string{w.fed("one", "hash-object", "-w", "--stdin"), w.fed("two", "hash-object", "-w", "--stdin")}
	objects := w.objects()
	before, seen := "", 0
	for range 40 {
		next := w.randomCommit(random, blobs)
		got, err := objects.Between(before, next)
		if err != nil {
			t.Fatal(err)
		}
		want, err := In(w.dir).Tree(t.Context(), next)
		if before != "" {
			want, err = In(w.dir).Between(t.Context(), before, next)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			want[i].Commit = ""
		}
		slices.SortFunc(want, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("between %q and %s:\n%v, git says\n%v", before, next, got, want)
		}
		seen += len(got)
		before = next
	}
	if seen < 100 {
		t.Errorf("only %d changes were compared", seen)
	}
}

// A tree that git would not write could hold one entry behind another.
func TestBetweenLeavesOddTreesToGit(t *testing.T) {
	w := newWork(t)
	blob := w.fed("one", "hash-object", "-w", "--stdin")
	clean := w.git("commit-tree", "-m", "x", w.fed("100644 blob "+blob+"\ta\n", "mktree"))
	id := strings.Repeat("\x01", len(blob)/2)
	for name, tree := range map[string]string{
		"a name twice": "100644 a\x00" + id + "100644 a\x00" + id, "an empty name": "100644 \x00" + id,
		"a path": "100644 a/b\x00" + id, "cut": "100644 a\x00" + id[:4], "no mode": "a\x00" + id,
	} {
		odd := w.fed(tree, "hash-object", "-t", "tree", "-w", "--stdin", "--literally")
		commit := w.fed("tree "+odd+"\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx\n", "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
		if got, err := w.objects().Between(clean, commit); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := w.objects().Between(clean, strings.Repeat("1", len(clean))); err == nil {
		t.Error("a commit that is not there has no changes")
	}
}
