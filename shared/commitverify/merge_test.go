package commitverify

import (
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/project"
)

// forge is a world whose policy takes merges that a forge makes.
func forge(t *testing.T) *world {
	w := newWorld(t)
	w.Write(project.FileName, strings.Replace(soft, "signing: {", "signing: {merges: automatic, ", 1))
	w.Write("file", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
	w.anchor = w.Commit("merges are automatic", w.ann)
	w.Git("checkout", "-q", "-b", "side")
	w.Write("file", "one\n2\n3\n4\n5\n6\n7\n8\n9\n")
	w.Commit("side", w.bob)
	w.Git("checkout", "-q", "main")
	w.Write("file", "1\n2\n3\n4\n5\n6\n7\n8\nnine\n")
	w.Commit("main", w.ann)
	return w
}

func TestMergeOfAForge(t *testing.T) {
	w := forge(t)
	w.Merge("side", nil)
	if report := w.want(w.options(), ""); report.Merges != 1 || report.Judged != 3 {
		t.Errorf("%+v", report)
	}
	w.Git("config", "merge.default", "none")
	w.Git("config", "merge.none.driver", "false")
	w.want(w.options(), "")
}

func TestMergesNeedASignatureByDefault(t *testing.T) {
	w := newWorld(t)
	w.Git("checkout", "-q", "-b", "side")
	w.Write("a", "1")
	w.Commit("side", w.bob)
	w.Git("checkout", "-q", "main")
	w.Merge("side", nil)
	w.want(w.options(), "unsigned")
}

func TestMergeThatBringsMoreThanItsParents(t *testing.T) {
	w := forge(t)
	w.Merge("side", nil)
	clean := w.Raw("HEAD")
	for name, change := range map[string]func(){
		"a file more":         func() { w.Write("more", "x") },
		"a line more":         func() { w.Write("file", "one\n2\n3\n4\nevil\n6\n7\n8\nnine\n") },
		"a file fewer":        func() { w.Git("rm", "-q", "-f", "file") },
		"the list":            func() { w.list(w.ann, w.bob, w.eve) },
		"only one side of it": func() { w.Git("checkout", "-q", "HEAD^1", "--", "file") },
	} {
		w.Git("reset", "-q", "--hard", "HEAD")
		change()
		w.Git("add", "-A")
		tree := w.Git("write-tree")
		evil := w.Store("tree " + tree + clean[strings.Index(clean, "\n"):])
		o := w.options()
		o.Revisions = []string{evil, "^" + w.anchor}
		if got := reasons(w.verify(o)); got != "unsigned" {
			t.Errorf("%s: %q", name, got)
		}
	}
	// A merge of a parent that nobody signed, and one that lies about its time.
	w.Git("reset", "-q", "--hard", "HEAD")
	w.Git("checkout", "-q", "-b", "other", w.anchor)
	w.Write("other", "x")
	w.Commit("unsigned", nil)
	w.Git("checkout", "-q", "main")
	w.Merge("other", nil)
	w.want(w.options(), "unsigned")
	w.Git("reset", "-q", "--hard", "HEAD~1")
	late := w.Store(strings.Replace(clean, "\ncommitter Nobody <nobody@example.org> ", "\ncommitter Nobody <nobody@example.org> 9", 1))
	o := w.options()
	o.Revisions, o.Now = []string{late, "^" + w.anchor}, time.Now()
	w.want(o, "out of time")
}

func TestMergeWithConflictsOrOfThree(t *testing.T) {
	w := forge(t)
	w.Git("checkout", "-q", "-b", "third", w.anchor)
	w.Write("third", "3")
	w.Commit("third", w.ann)
	w.Git("checkout", "-q", "main")
	w.Git("merge", "-q", "--no-gpg-sign", "-m", "octopus", "side", "third")
	w.want(w.options(), "unsigned")
	w.Git("reset", "-q", "--hard", "HEAD~1")
	w.Git("checkout", "-q", "-b", "clash", w.anchor)
	w.Write("file", "1\n2\n3\n4\n5\n6\n7\n8\nNINE\n")
	w.Commit("clash", w.bob)
	w.Git("checkout", "-q", "main")
	w.Merge("clash", nil, "-X", "theirs")
	w.want(w.options(), "unsigned")
}
