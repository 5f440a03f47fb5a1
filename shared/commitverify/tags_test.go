package commitverify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// tag makes an annotated tag at HEAD, signed unless key is nil.
func (w *world) tag(name string, key *gittest.Key) {
	w.T.Helper()
	if key == nil {
		w.Git("tag", "-a", "-m", name, name)
		return
	}
	w.Git("-c", "gpg.format=ssh", "-c", "user.signingkey="+key.Path, "-c", "user.name="+key.Name, "-c", "user.email="+key.Email,
		"tag", "-s", "-m", name, name)
}

func (w *world) objectFile(id string) string {
	return filepath.Join(w.Dir, ".git", "objects", id[:2], id[2:])
}

// replaceObject puts the content of one object under the name of another.
func (w *world) replaceObject(name, with string) {
	w.T.Helper()
	content, err := os.ReadFile(w.objectFile(with))
	if err == nil {
		err = os.Remove(w.objectFile(name))
	}
	if err == nil {
		err = os.WriteFile(w.objectFile(name), content, 0o444)
	}
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) withTags(names ...string) Options {
	o := w.options()
	for _, name := range names {
		o.Tags = append(o.Tags, "refs/tags/"+name)
	}
	return o
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	w.Commit("one", w.ann)
	w.tag("good", w.ann)
	w.tag("unsigned", nil)
	w.tag("stranger", w.eve)
	w.Git("tag", "light")
	w.tag("of-a-tag", w.ann)
	report := w.want(w.withTags("good", "light"), "")
	if report.Tags != 1 {
		t.Errorf("%d tags, want 1: %+v", report.Tags, report)
	}
	w.want(w.withTags("unsigned", "stranger"), "unsigned; not listed")
	w.Git("tag", "-f", "renamed", "good^{}")
	w.Git("update-ref", "refs/tags/v2", w.Git("rev-parse", "refs/tags/good"))
	w.want(w.withTags("v2"), string(TagMisnamed))
	w.Git("-c", "gpg.format=ssh", "-c", "user.signingkey="+w.ann.Path, "-c", "user.email="+w.ann.Email, "tag", "-s", "-m", "x", "outer", "unsigned")
	w.want(w.withTags("outer"), "unsigned")
}

func TestTagTricks(t *testing.T) {
	w := newWorld(t)
	w.Commit("one", w.ann)
	w.tag("good", w.ann)
	raw := w.Git("cat-file", "tag", "good") + "\n"
	for name, tt := range map[string]struct{ mangled, want string }{
		"message changed":  {strings.Replace(raw, "\n\ngood", "\n\nevil", 1), "bad signature"},
		"object changed":   {strings.Replace(raw, "object "+w.Head(), "object "+w.anchor, 1), "bad signature"},
		"second signature": {raw + raw[strings.Index(raw, "-----BEGIN"):], "malformed"},
		"second tagger":    {strings.Replace(raw, "\n\n", "\ntagger Eve <eve@example.org> 1 +0000\n\n", 1), "malformed"},
		"text behind it":   {raw + "and more\n", "malformed"},
		"tagger changed":   {strings.Replace(raw, "ann@example.org", "bob@example.org", 1), "bad signature"},
	} {
		if tt.mangled == raw {
			t.Fatalf("%s: the case changes nothing", name)
		}
		id := w.Pipe(tt.mangled, "hash-object", "-t", "tag", "--literally", "-w", "--stdin")
		o := w.options()
		o.Tags = []string{id}
		if got := reasons(w.verify(o)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
