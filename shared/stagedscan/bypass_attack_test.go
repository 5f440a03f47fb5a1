package stagedscan

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// site is a real repository with one commit, and a token made for this run.
type site struct {
	t     *testing.T
	dir   string
	token string
	run   string // the folder that the scan runs in
}

func newSite(t *testing.T) *site {
	t.Helper()
	isolate(t)
	bits := make([]byte, 40)
	_, _ = rand.Read(bits)
	token := "cqk_" + hex.EncodeToString(bits[:8]) + "_" + base64.RawURLEncoding.EncodeToString(bits[8:32])
	s := &site{t: t, dir: t.TempDir(), token: token}
	s.run = s.dir
	s.git("init", "-q", "-b", "main")
	s.write("README.md", "hello\n")
	s.write("sub/old.txt", "old\n")
	s.git("add", ".")
	s.git("commit", "-qm", "first")
	return s
}

// isolate keeps the tester's own git settings out.
func isolate(t *testing.T) {
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
}

func (s *site) git(args ...string) string {
	s.t.Helper()
	c := exec.Command("git", args...)
	c.Dir = s.dir
	out, err := c.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s *site) write(name, text string) {
	s.t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// stage writes a file and adds it to the index.
func (s *site) stage(name, text string) { s.write(name, text); s.git("add", "-f", "--", name) }

func (s *site) line() string { return "key: " + s.token + "\n" }

func (s *site) commit(message string) { s.git("commit", "-qm", message) }

func wide(text string, low int) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		pair := [2]byte{byte(unit >> 8), byte(unit)}
		b = append(b, pair[1-low], pair[low])
	}
	return string(b)
}

const allowAll = "[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['''.*''']\n"

// attacks are ways to stage a token so that a scan does not see it. Those of
// the first block let gitleaks 8.30.1 pass with exit 0.
var attacks = map[string]func(s *site){
	"color.ui=always":           func(s *site) { s.git("config", "color.ui", "always"); s.stage("a.env", s.line()) },
	"unstaged -diff attribute":  func(s *site) { s.stage("a.env", s.line()); s.write(".gitattributes", "* -diff\n") },
	"unstaged binary attribute": func(s *site) { s.stage("a.env", s.line()); s.write(".gitattributes", "* binary\n") },
	"textconv driver": func(s *site) {
		s.git("config", "diff.x.textconv", "true")
		s.write(".gitattributes", "* diff=x\n")
		s.stage("a.env", s.line())
	},
	"bad diff.orderFile":       func(s *site) { s.git("config", "diff.orderFile", "/nonexistent"); s.stage("a.env", s.line()) },
	"run in a subfolder":       func(s *site) { s.run = filepath.Join(s.dir, "sub"); s.stage("a.env", s.line()) },
	"UTF-16 with mark":         func(s *site) { s.stage("a.env", "\xff\xfe"+wide("x\n"+s.line(), 0)) },
	"UTF-16 big end with mark": func(s *site) { s.stage("a.env", "\xfe\xff"+wide("x\n"+s.line(), 1)) },
	"UTF-16 without mark":      func(s *site) { s.stage("a.env", wide("a few words, then\n"+s.line(), 0)) },
	"one NUL byte in the file": func(s *site) { s.stage("a.env", "\x00"+s.line()) },
	"NUL bytes in the token":   func(s *site) { s.stage("a.env", s.token[:9]+"\x00"+s.token[9:]+"\n") },
	"in the file's name":       func(s *site) { s.stage(s.token+".txt", "nothing\n") },
	"in a folder's name":       func(s *site) { s.stage("x/"+s.token+"/a.txt", "nothing\n") },
	"unstaged .gitleaks.toml":  func(s *site) { s.stage("a.env", s.line()); s.write(".gitleaks.toml", allowAll) },
	"unstaged .gitleaksignore": func(s *site) { s.stage("a.env", s.line()); s.write(".gitleaksignore", "a.env:clawql-api-key:1\n") },

	"staged .gitleaks.toml":  func(s *site) { s.stage("a.env", s.line()); s.stage(".gitleaks.toml", allowAll) },
	"staged .gitleaksignore": func(s *site) { s.stage("a.env", s.line()); s.stage(".gitleaksignore", "a.env:clawql-api-key:1\n") },
	"policy in a subfolder": func(s *site) {
		s.stage("sub/.gitleaks.toml", allowAll)
		s.commit("x")
		s.run = filepath.Join(s.dir, "sub")
		s.stage("sub/a.env", s.line())
	},
	"a config by environment": func(s *site) {
		s.write("all.toml", allowAll)
		s.t.Setenv("GITLEAKS_CONFIG", filepath.Join(s.dir, "all.toml"))
		s.stage("a.env", s.line())
	},
	"inside .gitleaks.toml":      func(s *site) { s.stage(".gitleaks.toml", "# "+s.line()) },
	"gitleaks:allow":             func(s *site) { s.stage("a.env", "key: "+s.token+" # gitleaks:allow\n") },
	"a path of the default list": func(s *site) { s.stage("node_modules/x.svg", s.line()) },
	"staged attributes":          func(s *site) { s.stage(".gitattributes", "* -diff binary\n"); s.stage("a.env", s.line()) },
	"info/attributes":            func(s *site) { s.write(".git/info/attributes", "* -diff -text\n"); s.stage("a.env", s.line()) },
	"core.attributesFile": func(s *site) {
		s.write("at", "* -diff\n")
		s.git("config", "core.attributesFile", filepath.Join(s.dir, "at"))
		s.stage("a.env", s.line())
	},
	"diff.external":     func(s *site) { s.git("config", "diff.external", "true"); s.stage("a.env", s.line()) },
	"GIT_EXTERNAL_DIFF": func(s *site) { s.t.Setenv("GIT_EXTERNAL_DIFF", "true"); s.stage("a.env", s.line()) },
	"GIT_DIFF_OPTS":     func(s *site) { s.t.Setenv("GIT_DIFF_OPTS", "--unified=0 -R"); s.stage("a.env", s.line()) },
	"diff.relative": func(s *site) {
		s.git("config", "diff.relative", "true")
		s.run = filepath.Join(s.dir, "sub")
		s.stage("a.env", s.line())
	},
	"diff.noprefix, mnemonic": func(s *site) {
		s.git("config", "diff.noprefix", "true")
		s.git("config", "diff.mnemonicPrefix", "true")
		s.stage("a.env", s.line())
	},
	"diff.renames=copies":   func(s *site) { s.git("config", "diff.renames", "copies"); s.stage("a.env", "hello\n"+s.line()) },
	"core.bigFileThreshold": func(s *site) { s.git("config", "core.bigFileThreshold", "1"); s.stage("a.env", s.line()) },
	"a filter that hides it": func(s *site) {
		s.stage("a.env", s.line())
		s.git("config", "filter.x.smudge", "true")
		s.write(".gitattributes", "* filter=x\n")
	},
	"rename with an edit": func(s *site) { s.git("mv", "sub/old.txt", "sub/new.txt"); s.stage("sub/new.txt", "old\n"+s.line()) },
	"mode change with an edit": func(s *site) {
		s.write("README.md", "hello\n"+s.line())
		s.git("add", ".")
		s.git("update-index", "--chmod=+x", "README.md")
	},
	"file becomes a link": func(s *site) {
		os.Remove(filepath.Join(s.dir, "README.md"))
		os.Symlink(s.token, filepath.Join(s.dir, "README.md"))
		s.git("add", ".")
	},
	"target of a new link": func(s *site) { os.Symlink("/x/"+s.token, filepath.Join(s.dir, "link")); s.git("add", ".") },
	"assume-unchanged": func(s *site) {
		s.stage("a.env", s.line())
		s.git("update-index", "--assume-unchanged", "a.env")
		s.write("a.env", "clean\n")
	},
	"skip-worktree": func(s *site) {
		s.stage("a.env", s.line())
		s.git("update-index", "--skip-worktree", "a.env")
		os.Remove(filepath.Join(s.dir, "a.env"))
	},
	"clean again on disk": func(s *site) { s.stage("a.env", s.line()); s.write("a.env", "clean\n") },
	"index only, by cacheinfo": func(s *site) {
		s.write("t", s.line())
		id := s.git("hash-object", "-w", "t")
		os.Remove(filepath.Join(s.dir, "t"))
		s.git("update-index", "--add", "--cacheinfo", "100644,"+id+",a.env")
	},
	"a replace ref": func(s *site) {
		s.stage("a.env", s.line())
		s.write("c", "clean\n")
		s.git("replace", s.git("rev-parse", ":a.env"), s.git("hash-object", "-w", "c"))
	},
	"split index":         func(s *site) { s.git("update-index", "--split-index"); s.stage("a.env", s.line()) },
	"index version 4":     func(s *site) { s.git("update-index", "--index-version", "4"); s.stage("a.env", s.line()) },
	"sparse checkout":     func(s *site) { s.stage("a.env", s.line()); s.git("sparse-checkout", "set", "sub") },
	"fsmonitor that lies": func(s *site) { s.stage("a.env", s.line()); s.git("config", "core.fsmonitor", "true") },
	"a worktree": func(s *site) {
		other := filepath.Join(s.t.TempDir(), "w")
		s.git("worktree", "add", "-q", other)
		s.dir, s.run = other, other
		s.stage("a.env", s.line())
	},
	"GIT_INDEX_FILE": func(s *site) {
		s.t.Setenv("GIT_INDEX_FILE", filepath.Join(s.dir, ".git", "next"))
		s.git("read-tree", "HEAD")
		s.stage("a.env", s.line())
	},
	"GIT_LITERAL_PATHSPECS": func(s *site) { s.stage("a.env", s.line()); s.t.Setenv("GIT_LITERAL_PATHSPECS", "1") },
	"a name with odd bytes": func(s *site) { s.stage("a\t\"b\n\xff.env", s.line()) },
	"a name like a flag":    func(s *site) { s.stage("--cached", s.line()) },
	"base64":                func(s *site) { s.stage("a.txt", base64.StdEncoding.EncodeToString([]byte(s.line()))+"\n") },
	"hex":                   func(s *site) { s.stage("a.txt", hex.EncodeToString([]byte(s.line()))+"\n") },
	"base64 in base64 in hex": func(s *site) {
		one := base64.StdEncoding.EncodeToString([]byte(s.line()))
		s.stage("a.txt", hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(one)))))
	},
	"a minified line of 2 MB": func(s *site) { pad := strings.Repeat("var a=b.key(c);", 70_000); s.stage("a.js", pad+s.token+";"+pad) },
	"carriage returns only":   func(s *site) { s.stage("a.env", strings.ReplaceAll("a\nb\n"+s.line(), "\n", "\r")) },
	"a zip's first bytes":     func(s *site) { s.stage("a.env", "PK\x03\x04"+s.line()) },
	"session JWT, other order": func(s *site) {
		e := base64.RawURLEncoding
		s.stage("a.txt", e.EncodeToString([]byte(`{"alg":"HS256"}`))+"."+e.EncodeToString([]byte(`{"sub":"x","atr":{"role":"admin"}}`))+"."+e.EncodeToString([]byte(s.token))+"\n")
	},
}

func TestNoTokenGetsPastTheStagedScan(t *testing.T) {
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			attack(s)
			report, err := Staged(context.Background(), gitchange.In(s.run))
			if err != nil {
				t.Fatalf("denied, but for the wrong reason: %v", err)
			}
			if len(report.Findings) == 0 {
				t.Fatal("PASSED: the token would be committed")
			}
			named := false
			for _, f := range report.Findings {
				named = named || strings.HasPrefix(f.Rule, "clawql-")
				if strings.Contains(f.File, s.token) {
					t.Error("the file's name tells the token")
				}
			}
			if !named {
				t.Errorf("found, but by no rule of ClawQL's: %v", report.Findings)
			}
		})
	}
	if len(attacks) < 50 {
		t.Errorf("%d attacks only", len(attacks))
	}
}
