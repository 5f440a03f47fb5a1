package stagedscan

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/livesecrets"
	"github.com/clawql/clawql-workbench/shared/livesession"
)

func zipOf(name, text string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	one, _ := w.Create(name)
	io.WriteString(one, text)
	w.Close()
	return b.String()
}

func gz(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func pointer(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", hex.EncodeToString(sum[:]), len(text))
}

// store puts a content where Git LFS would.
func (s *site) store(root, text string) {
	sum := sha256.Sum256([]byte(text))
	oid := hex.EncodeToString(sum[:])
	s.write(filepath.Join(root, oid[:2], oid[2:4], oid), text)
}

// hidden are places where a token is no plain text of the blob.
var hidden = map[string]struct {
	hide func(s *site)
	rule string
	file string
}{
	"zip":               {func(s *site) { s.stage("a.zip", zipOf("in/a.env", s.line())) }, "clawql-api-key", "a.zip!in/a.env"},
	"zip, another name": {func(s *site) { s.stage("a.png", zipOf("in/a.env", s.line())) }, "clawql-api-key", "a.png!in/a.env"},
	"zip behind text":   {func(s *site) { s.stage("a", "#!/bin/sh\n"+zipOf("b", s.line())) }, "clawql-api-key", "a!b"},
	"zip in zip in gz":  {func(s *site) { s.stage("a", gz(zipOf("b", zipOf("c", s.line())))) }, "clawql-api-key", "a!b!c"},
	"gz":                {func(s *site) { s.stage("a.gz", gz(s.line())) }, "clawql-api-key", "a.gz"},
	"name in a zip":     {func(s *site) { s.stage("a.zip", zipOf(s.token, "x")) }, "clawql-api-key", "a.zip![redacted]"},
	"too deep":          {func(s *site) { s.stage("a", gz(gz(gz(gz(s.line()))))) }, RuleUnread, "a"},
	"not opened":        {func(s *site) { s.stage("a.7z", "7z\xbc\xaf\x27\x1c\x00\x04") }, RuleUnread, "a.7z"},
	"cut":               {func(s *site) { s.stage("a.gz", gz(s.line())[:30]) }, RuleUnread, "a.gz"},
	"LFS": {func(s *site) {
		s.store(".git/lfs/objects", s.line())
		s.stage("big.bin", pointer(s.line()))
	}, "clawql-api-key", "big.bin"},
	"LFS, a zip": {func(s *site) {
		s.store(".git/lfs/objects", zipOf("b", s.line()))
		s.stage("big.bin", pointer(zipOf("b", s.line())))
	}, "clawql-api-key", "big.bin!b"},
	"LFS, stored elsewhere": {func(s *site) {
		s.git("config", "lfs.storage", "../elsewhere")
		s.store("elsewhere/objects", s.line())
		s.stage("big.bin", pointer(s.line()))
	}, "clawql-api-key", "big.bin"},
	"LFS in a worktree": {func(s *site) {
		s.store(".git/lfs/objects", s.line())
		other := filepath.Join(s.t.TempDir(), "w")
		s.git("worktree", "add", "-q", other)
		s.dir, s.run = other, other
		s.stage("big.bin", pointer(s.line()))
	}, "clawql-api-key", "big.bin"},
	"password of a submodule's URL": {func(s *site) {
		s.stage(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = https://ada:hunter2@example.org/x.git\n")
	}, RuleURL, ".gitmodules"},
	"only the mode, then the content": {func(s *site) {
		s.stage("a.sh", "x\n")
		s.commit("a")
		s.git("update-index", "--chmod=+x", "a.sh")
		s.write("a.sh", s.line())
		s.git("add", "a.sh")
	}, "clawql-api-key", "a.sh"},
}

func TestNoTokenIsHiddenFromTheStagedScan(t *testing.T) {
	for name, c := range hidden {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			c.hide(s)
			for _, f := range s.staged().Findings {
				if strings.Contains(f.File, s.token) {
					t.Error("the file's name tells the token")
				}
				if f.Rule == c.rule && f.File == c.file {
					return
				}
			}
			t.Errorf("PASSED: %v", s.staged().Findings)
		})
	}
}

func TestWhatHidesNothing(t *testing.T) {
	for name, stage := range map[string]func(s *site){
		"mode only":     func(s *site) { s.git("update-index", "--chmod=+x", "README.md") },
		"a clean zip":   func(s *site) { s.stage("a.zip", zipOf("a", "hello\n")) },
		"LFS, not here": func(s *site) { s.stage("a", pointer(s.line())) },
		"LFS, clean":    func(s *site) { s.store(".git/lfs/objects", "x"); s.stage("a", pointer("x")) },
		"a submodule's URL": func(s *site) {
			s.stage(".gitmodules", "[submodule \"x\"]\n\turl = https://git@example.org/x\n\turl = ssh://git:${PASS}@h/x\n")
		},
		"text about zips": func(s *site) { s.stage("a.md", "A zip begins with PK and a gzip with 1f 8b.\n") },
	} {
		s := newSite(t)
		stage(s)
		if report := s.staged(); len(report.Findings) > 0 {
			t.Errorf("%s: %v", name, report.Findings)
		}
	}
}

// The same archive with a secret that HEAD has in it already is no new leak.
func TestKnownInAnArchive(t *testing.T) {
	s := newSite(t)
	s.stage("a.zip", zipOf("a.env", s.line()))
	s.commit("too late")
	s.stage("a.zip", zipOf("a.env", s.line()+"more\n"))
	report := s.staged()
	want(t, report, 0)
	if report.Known != 1 {
		t.Errorf("%d known", report.Known)
	}
}

func TestNoArchivesWhereNoneAreAsked(t *testing.T) {
	s := newSite(t)
	s.stage("a.gz", gz(s.line()))
	o := DefaultOptions()
	o.Archives.Depth = 0
	report, err := o.Staged(context.Background(), gitchange.In(s.run))
	if err != nil {
		t.Fatal(err)
	}
	want(t, report, 0)
}

// Many archives together are bounded too, and the last ones do not pass unseen.
func TestManyArchivesTogetherAreBounded(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"a.gz", "b.gz", "c.gz"} {
		s.stage(name, gz(strings.Repeat("hello\n", 1<<18)))
	}
	o := DefaultOptions()
	o.ArchiveBytes = 2 << 20
	report, err := o.Staged(context.Background(), gitchange.In(s.run))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Rule != RuleUnread {
			t.Errorf("%s: %s", f.File, f.Rule)
		}
	}
	if n := len(report.Findings); n == 0 || n == 3 {
		t.Errorf("%d of 3 archives are beyond the bound", n)
	}
	o.ArchiveBytes = 0
	if report, err = o.Staged(context.Background(), gitchange.In(s.run)); err != nil || len(report.Findings) > 0 {
		t.Errorf("without a bound: %v %v", report.Findings, err)
	}
}

// session serves the digests of a value as a vault session does.
func session(t *testing.T, value string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := livesecrets.New(bytes.Repeat([]byte{5}, livesecrets.KeySize), map[string][]byte{"db": []byte(value)})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(set) })}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	t.Setenv(livesession.Variable, filepath.Join(dir, "s"))
}

// A live value has no shape that a rule could know.
func TestLiveSecretsAreBlocked(t *testing.T) {
	const value = "plain words, but live ones"
	for name, leak := range map[string]func(s *site){
		"content":       func(s *site) { s.stage("a.txt", "x\nit is "+value+"\n") },
		"hex":           func(s *site) { s.stage("a.txt", hex.EncodeToString([]byte(value))) },
		"name":          func(s *site) { s.stage(value, "x") },
		"target":        func(s *site) { os.Symlink(value, filepath.Join(s.dir, "l")); s.git("add", ".") },
		"in an archive": func(s *site) { s.stage("a.gz", gz(value)) },
	} {
		s := newSite(t)
		session(t, value)
		leak(s)
		report := s.staged()
		if len(report.Findings) != 1 || report.Findings[0].Rule != RuleLive || strings.Contains(fmt.Sprintf("%+v", report), value) {
			t.Errorf("%s: %d findings", name, len(report.Findings))
		}
	}
	s := newSite(t)
	session(t, value)
	s.git("commit", "-q", "--allow-empty", "-m", value)
	want(t, s.commits("HEAD~1", s.head()...), 1)
	want(t, s.staged(), 0)
}

func TestASessionThatCannotBeAskedRefuses(t *testing.T) {
	s := newSite(t)
	t.Setenv(livesession.Variable, filepath.Join(t.TempDir(), "gone"))
	if report, err := Staged(context.Background(), gitchange.In(s.run)); fault.Code(err) != fault.CodeUnable {
		t.Errorf("PASSED: %v %v", report, err)
	}
}

// A secret in a name is not shown by a finding of something else, whether the
// name is new, known, encoded, or that of a member of an archive.
func TestNamesAreNotShown(t *testing.T) {
	for name, stage := range map[string]func(s *site){
		"a known name": func(s *site) {
			s.stage(s.token+".env", "x\n")
			s.commit("too late")
			s.stage(s.token+".env", "key: "+newSite(s.t).token+"\n")
		},
		"an encoded name":  func(s *site) { s.stage(hex.EncodeToString([]byte(s.token))+".txt", "x\n") },
		"an unread member": func(s *site) { s.stage("a.zip", zipOf(s.token+".7z", "7z\xbc\xaf\x27\x1c\x00\x04")) },
		"an unread file":   func(s *site) { s.stage(s.token+".7z", "7z\xbc\xaf\x27\x1c\x00\x04") },
		"a skill":          func(s *site) { onlyGit(s.t); s.stage(s.token+"/SKILL.md", okSkill) },
		"an allowed name": func(s *site) {
			s.stage(".gitleaks.toml", "[extend]\nuseDefault = true\n")
			s.commit("x")
			s.stage(s.token+".7z", "7z\xbc\xaf\x27\x1c\x00\x04")
			s.except(s.staged().Findings, days(30))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			stage(s)
			report := s.staged()
			if len(report.Findings)+len(report.Excepted) == 0 || name == "an allowed name" && len(report.Findings) > 0 {
				t.Fatalf("found %v, excepted %d", report.Findings, len(report.Excepted))
			}
			shown := fmt.Sprintf("%+v", report)
			if strings.Contains(shown, s.token) || strings.Contains(shown, hex.EncodeToString([]byte(s.token))) {
				t.Errorf("the token is shown: %s", shown)
			}
		})
	}
}
