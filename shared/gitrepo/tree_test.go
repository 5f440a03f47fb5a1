package gitrepo

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// go-git is the independent oracle: it shares no code with git.
func TestTreeEqualsGoGit(t *testing.T) {
	g := gittest.New(t)
	files := map[string]string{
		"a.yaml": "a: 1\n", "empty": "", "deploy/base/x.yaml": "x", "deploy/base.yaml": "y", "deploy/base-1": "z",
		"name with blank": "1", "ünïcode/ß": "2", "binary": "\x00\xff\x00", "crlf": "a\r\nb\r\n", "quote\"name": "4",
		".gitattributes": "crlf text eol=crlf\n*.yaml ident export-ignore\n", "id.yaml": "$Id$\n", "deep/1/2/3/4/5/6": "deep",
	}
	for name, content := range files {
		g.Write(name, content)
	}
	if err := os.Chmod(filepath.Join(g.Dir, "a.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	g.Commit("all kinds", nil)
	g.Git("gc", "-q") // packed objects
	g.Write("later", "loose")
	g.Commit("loose objects", nil)
	tree, err := open(t, g.Dir).Tree(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]string{}
	for name, data := range tree.Files {
		ours[name] = string(data)
	}
	if theirs := readByGoGit(t, g.Dir); !maps.Equal(ours, theirs) || len(ours) != len(files)+1 {
		t.Errorf("git: %d files %q\ngo-git: %d files %q", len(ours), ours, len(theirs), theirs)
	}
}

func readByGoGit(t *testing.T, dir string) map[string]string {
	t.Helper()
	repo, err := git.PlainOpen(dir)
	if err != nil {
		t.Fatal(err)
	}
	head, err := repo.Head()
	if err != nil {
		t.Fatal(err)
	}
	commit, err := repo.CommitObject(head.Hash())
	if err != nil {
		t.Fatal(err)
	}
	iter, err := commit.Files()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = iter.ForEach(func(f *object.File) error {
		r, err := f.Reader()
		if err != nil {
			return err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		files[f.Name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestLinksAndSubmodulesAreNamed(t *testing.T) {
	g := gittest.New(t)
	g.Write("deploy/a.yaml", "a")
	g.Write("docs/readme", "r")
	if err := os.Symlink("../../etc/passwd", filepath.Join(g.Dir, "deploy", "link.yaml")); err != nil {
		t.Fatal(err)
	}
	g.Git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",lib/sub")
	g.Git("add", "deploy", "docs")
	g.Git("commit", "-q", "-m", "links")
	g.Write("big", strings.Repeat("x", MaxFile+1))
	g.Git("add", "big")
	g.Git("commit", "-q", "-m", "big")
	tree, err := open(t, g.Dir).Tree(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if files, err := tree.Under("docs"); err != nil || len(files) != 1 || string(files["docs/readme"]) != "r" {
		t.Errorf("docs: %q, %v", files, err)
	}
	for dir, text := range map[string]string{"deploy": "deploy/link.yaml is a symbolic link", "lib": "lib/sub is a submodule", ".": "big is a file of", "deploy/link.yaml": "symbolic link"} {
		if files, err := tree.Under(dir); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %q, error %v, want %q", dir, files, err, text)
		}
	}
	if files, err := tree.Under("deploy/li"); err != nil || len(files) != 0 {
		t.Errorf("a prefix of a name counts as a folder: %q, %v", files, err)
	}
}

func TestReadFile(t *testing.T) {
	g := gittest.New(t)
	g.Write(".clawql/allowed_signers", "one\n")
	first := g.Commit("one", nil)
	g.Write(".clawql/allowed_signers", "two\n")
	g.Commit("two", nil)
	r := open(t, g.Dir)
	for rev, want := range map[string]string{first: "one\n", "HEAD": "two\n", "refs/heads/main": "two\n"} {
		if got, err := r.ReadFile(t.Context(), rev, ".clawql/allowed_signers"); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", rev, got, err)
		}
	}
	for _, name := range []string{"none", ".clawql", ".clawql/allowed_signers/x", "../a", ".", ""} {
		if got, err := r.ReadFile(t.Context(), "HEAD", name); err == nil {
			t.Errorf("%q was read: %q", name, got)
		}
	}
	if got, err := r.Blob(t.Context(), first, "none"); got != nil || err != nil {
		t.Errorf("a missing file: %q, %v", got, err)
	}
}

func TestParseTreeRefuses(t *testing.T) {
	id := strings.Repeat("i", 20)
	for name, data := range map[string]string{
		"parent":      "40000 ..\x00" + id,
		"git folder":  "40000 .git\x00" + id,
		"git, upper":  "40000 .GIT\x00" + id,
		"slash":       "100644 a/b\x00" + id,
		"empty name":  "100644 \x00" + id,
		"twice":       "100644 a\x00" + id + "40000 a\x00" + id,
		"cut id":      "100644 a\x00" + id[:19],
		"no zero":     "100644 a",
		"no mode":     "a\x00" + id,
		"garbage end": "100644 a\x00" + id + "x",
	} {
		if list, err := parseTree([]byte(data), 20); err == nil {
			t.Errorf("%s: %v", name, list)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x00"+strings.Repeat("i", 20)+"40000 b\x00"+strings.Repeat("j", 20)), 20)
	f.Add([]byte("100644 a"), 32)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size != 20 && size != 32 {
			return
		}
		list, err := parseTree(data, size)
		if err != nil {
			return
		}
		var back []byte
		for _, e := range list {
			raw := make([]byte, 0, size)
			for i := 0; i < len(e.id); i += 2 {
				raw = append(raw, unhex(e.id[i])<<4|unhex(e.id[i+1]))
			}
			back = append(append(append(back, e.mode+" "+e.name...), 0), raw...)
		}
		if string(back) != string(data) {
			t.Errorf("read %q, wrote %q", data, back)
		}
	})
}

func unhex(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b - 'a' + 10
}
