package gitrepo

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// history is: a - b - m - c on main, with f from a merged at m.
func history(t *testing.T) (g *gittest.Repo, id map[string]string) {
	g = gittest.New(t)
	id = map[string]string{}
	g.Write("list", "1")
	id["a"] = g.Commit("a", nil)
	g.Git("checkout", "-q", "-b", "feature")
	g.Write("feature", "f")
	id["f"] = g.Commit("f", nil)
	g.Git("checkout", "-q", "main")
	g.Write("list", "2")
	id["b"] = g.Commit("b", nil)
	id["m"] = g.Merge("feature", nil)
	g.Write("list", "3")
	id["c"] = g.Commit("c", nil)
	return g, id
}

func ids(line []Commit) []string {
	var out []string
	for _, c := range line {
		out = append(out, c.ID)
	}
	return out
}

func TestWalk(t *testing.T) {
	g, id := history(t)
	r := open(t, g.Dir)
	line, found, err := r.FirstParents(t.Context(), id["c"], id["a"])
	if want := []string{id["c"], id["m"], id["b"]}; err != nil || !found || !slices.Equal(ids(line), want) {
		t.Errorf("line %q, found %v, %v; want %q", ids(line), found, err, want)
	}
	if line, found, err = r.FirstParents(t.Context(), id["c"], id["f"]); err != nil || found || len(line) != 4 {
		t.Errorf("the merged side is on the line: %q, %v, %v", ids(line), found, err)
	}
	if line, found, err = r.FirstParents(t.Context(), id["c"], ""); err != nil || !found || len(line) != 4 {
		t.Errorf("to the root: %q, %v, %v", ids(line), found, err)
	}
	if line, found, err = r.FirstParents(t.Context(), id["c"], id["c"]); err != nil || !found || len(line) != 0 {
		t.Errorf("to itself: %q, %v, %v", ids(line), found, err)
	}
	changed, err := r.FirstParentChanges(t.Context(), id["c"], "", "list")
	if want := []string{id["c"], id["b"], id["a"]}; err != nil || !slices.Equal(ids(changed), want) {
		t.Errorf("changes %q, %v; want %q", ids(changed), err, want)
	}
	if changed, err = r.FirstParentChanges(t.Context(), id["c"], id["b"], "feature"); err != nil || !slices.Equal(ids(changed), []string{id["m"]}) {
		t.Errorf("the merge brought the file: %q, %v", ids(changed), err)
	}
	if bases, err := r.MergeBases(t.Context(), id["f"], id["b"]); err != nil || !slices.Equal(bases, []string{id["a"]}) {
		t.Errorf("bases %q, %v", bases, err)
	}
}

// git's own answer is the oracle.
func TestIsAncestorEqualsGit(t *testing.T) {
	g, id := history(t)
	r := open(t, g.Dir)
	for a := range id {
		for b := range id {
			got, err := r.IsAncestor(t.Context(), id[a], id[b])
			_, no := g.Try("merge-base", "--is-ancestor", id[a], id[b])
			if err != nil || got != (no == nil) {
				t.Errorf("%s before %s: %v, %v; git says %v", a, b, got, err, no == nil)
			}
		}
	}
}

func TestUnrelatedHistories(t *testing.T) {
	g, id := history(t)
	g.Git("checkout", "-q", "--orphan", "other")
	other := g.Commit("other", nil)
	r := open(t, g.Dir)
	if got, err := r.IsAncestor(t.Context(), id["a"], other); got || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if bases, err := r.MergeBases(t.Context(), id["c"], other); len(bases) != 0 || err != nil {
		t.Errorf("bases %q, %v", bases, err)
	}
}

// Everything in .git that can claim another history than the objects have.
func TestForgedHistory(t *testing.T) {
	forge := map[string]func(t *testing.T, g *gittest.Repo, id map[string]string){
		"graft": func(t *testing.T, g *gittest.Repo, id map[string]string) {
			g.Write(".git/info/grafts", id["c"]+" "+id["f"]+"\n")
		},
		"replace ref": func(t *testing.T, g *gittest.Repo, id map[string]string) {
			g.Git("replace", "--graft", id["c"], id["f"])
		},
		"replace ref base": func(t *testing.T, g *gittest.Repo, id map[string]string) {
			g.Git("replace", "--graft", id["c"], id["f"])
			t.Setenv("GIT_REPLACE_REF_BASE", "refs/replace/")
		},
		"shallow file": func(t *testing.T, g *gittest.Repo, id map[string]string) {
			g.Write(".git/shallow", id["c"]+"\n")
		},
		"commit graph of another history": func(t *testing.T, g *gittest.Repo, id map[string]string) {
			g.Git("commit-graph", "write", "--reachable")
			graph := filepath.Join(g.Dir, ".git/objects/info/commit-graph")
			data, _ := os.ReadFile(graph)
			os.Chmod(graph, 0o644)
			swapped := swapIDs(data, id["b"], id["f"])
			if bytes.Equal(data, swapped) {
				t.Fatal("the commit graph does not hold the ids")
			}
			os.WriteFile(graph, swapped, 0o644)
			g.Git("config", "core.commitGraph", "true")
		},
	}
	for name, do := range forge {
		t.Run(name, func(t *testing.T) {
			g, id := history(t)
			do(t, g, id)
			r := open(t, g.Dir)
			line, found, err := r.FirstParents(t.Context(), id["c"], id["a"])
			if want := []string{id["c"], id["m"], id["b"]}; err != nil || !found || !slices.Equal(ids(line), want) {
				t.Errorf("line %q, %v, %v; want %q", ids(line), found, err, want)
			}
			if bases, err := r.MergeBases(t.Context(), id["b"], id["f"]); err != nil || !slices.Equal(bases, []string{id["a"]}) {
				t.Errorf("bases %q, %v", bases, err)
			}
			if ok, err := r.IsAncestor(t.Context(), id["b"], id["c"]); !ok || err != nil {
				t.Errorf("b before c: %v, %v", ok, err)
			}
		})
	}
}

func swapIDs(data []byte, a, b string) []byte {
	raw := func(id string) []byte {
		var out []byte
		fmt.Sscanf(id, "%x", &out)
		return out
	}
	out := bytes.Clone(data)
	i, j := bytes.Index(data, raw(a)), bytes.Index(data, raw(b))
	if i < 0 || j < 0 {
		return out
	}
	copy(out[i:], raw(b))
	copy(out[j:], raw(a))
	return out
}

func TestShallowCloneCannotTell(t *testing.T) {
	g, id := history(t)
	clone := g.Clone("--depth", "1")
	r := open(t, clone.Dir)
	if shallow, err := r.Shallow(t.Context()); !shallow || err != nil {
		t.Fatalf("shallow %v, %v", shallow, err)
	}
	_, _, err := r.FirstParents(t.Context(), id["c"], id["a"])
	var missing *MissingError
	if !errors.As(err, &missing) || !strings.Contains(strings.Join(fault.Hints(err), ""), "--unshallow") {
		t.Errorf("error %v, hints %q", err, fault.Hints(err))
	}
	if _, err := r.IsAncestor(t.Context(), id["a"], id["c"]); err == nil {
		t.Error("a shallow clone can tell what it cannot see")
	}
	if ok, err := r.IsAncestor(t.Context(), id["c"], id["c"]); !ok || err != nil {
		t.Errorf("what it can see: %v, %v", ok, err)
	}
}

// A partial clone must not go and fetch behind a local question: the program
// to fetch with stands in its configuration.
func TestPartialCloneDoesNotFetch(t *testing.T) {
	g, _ := history(t)
	g.Git("config", "uploadpack.allowFilter", "true")
	clone := g.Clone("--filter=blob:none", "--no-checkout")
	mark := filepath.Join(t.TempDir(), "ran")
	clone.Git("config", "remote.origin.uploadpack", "touch "+mark+"; git-upload-pack")
	_, err := open(t, clone.Dir).Tree(t.Context(), "HEAD")
	var missing *MissingError
	if !errors.As(err, &missing) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a program of the configuration ran")
	}
}

// An object whose content was exchanged under its name: git's cat-file reads
// it without a word, rev-parse notices a commit.
func TestExchangedObject(t *testing.T) {
	for _, what := range []string{"commit", "tree", "blob"} {
		t.Run(what, func(t *testing.T) {
			g := gittest.New(t)
			g.Write("a.yaml", "good\n")
			g.Commit("good", nil)
			good := map[string]string{"commit": g.Head(), "tree": g.Git("rev-parse", "HEAD^{tree}"), "blob": g.Git("rev-parse", "HEAD:a.yaml")}
			g.Write("a.yaml", "evil\n")
			g.Commit("evil", nil)
			evil := map[string]string{"commit": g.Head(), "tree": g.Git("rev-parse", "HEAD^{tree}"), "blob": g.Git("rev-parse", "HEAD:a.yaml")}
			g.Git("reset", "-q", "--hard", good["commit"])
			exchange(t, g.Dir, good[what], evil[what])
			if out := g.Git("cat-file", what, good[what]); out == "" {
				t.Fatal("git does not read the exchanged object")
			}
			_, err := open(t, g.Dir).Tree(t.Context(), "HEAD")
			if err == nil || !strings.Contains(err.Error(), "does not belong to its name") && !strings.Contains(err.Error(), "hash mismatch") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func exchange(t *testing.T, dir, victim, source string) {
	t.Helper()
	path := func(id string) string { return filepath.Join(dir, ".git/objects", id[:2], id[2:]) }
	data, err := os.ReadFile(path(source))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zlib.NewReader(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	os.Chmod(path(victim), 0o644)
	if err := os.WriteFile(path(victim), data, 0o644); err != nil {
		t.Fatal(err)
	}
}
