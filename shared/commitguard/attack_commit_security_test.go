package commitguard

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// Ways to hide a token from who looks at the index, then `git commit`.
// shared/stagedscan has more of them, on the scan alone.
func TestTokenDoesNotPassACommit(t *testing.T) { attacks(t, "refused: ", newSite, commits) }

const allowAll = "[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['''.*''']\n"

func (s *site) commit() { s.Helper(); s.try("commit", "-m", "work") }

func (s *site) staged(text string) { s.Helper(); s.stage("a.env", text); s.commit() }

func (s *site) configured(key, value string) {
	s.Helper()
	s.git("config", key, value)
	s.staged(s.line())
}

func wide(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

var commits = []attack{
	{"git commit", early, func(s *site) { s.staged(s.line()) }},
	{"git commit -a", early, func(s *site) { s.write("README.md", s.line()); s.try("commit", "-am", "work") }},
	{"git commit PATH, with another index", early, func(s *site) {
		s.stage("clean.txt", "x\n")
		s.write("README.md", s.line())
		s.try("commit", "-m", "work", "--", "README.md")
	}},
	{"git commit -i PATH", early, func(s *site) { s.write("README.md", s.line()); s.try("commit", "-m", "work", "-i", "README.md") }},
	{"git commit --amend", early, func(s *site) { s.stage("a.env", s.line()); s.try("commit", "--amend", "--no-edit") }},
	{"git commit --fixup", early, func(s *site) { s.stage("a.env", s.line()); s.try("commit", "--fixup", "HEAD") }},
	{"in a subfolder", early, func(s *site) { s.stage("a.env", s.line()); s.dir += "/sub"; s.commit() }},
	{"GIT_INDEX_FILE", early, func(s *site) {
		s.env = append(s.env, "GIT_INDEX_FILE="+filepath.Join(s.dir, ".git", "next"))
		s.git("read-tree", "HEAD")
		s.staged(s.line())
	}},
	{"split index", early, func(s *site) { s.git("update-index", "--split-index"); s.staged(s.line()) }},
	{"index version 4", early, func(s *site) { s.git("update-index", "--index-version", "4"); s.staged(s.line()) }},
	{"sparse index", early, func(s *site) {
		s.stage("a.env", s.line())
		s.git("sparse-checkout", "set", "--cone", "--sparse-index", "sub")
		s.commit()
	}},
	{"intent to add, then -a", early, func(s *site) { s.write("a.env", s.line()); s.git("add", "-N", "a.env"); s.try("commit", "-am", "work") }},
	{"skip-worktree", early, func(s *site) {
		s.stage("a.env", s.line())
		s.git("update-index", "--skip-worktree", "a.env")
		_ = os.Remove(filepath.Join(s.dir, "a.env"))
		s.commit()
	}},
	{"assume-unchanged, clean on disk", early, func(s *site) {
		s.stage("a.env", s.line())
		s.git("update-index", "--assume-unchanged", "a.env")
		s.write("a.env", "clean\n")
		s.commit()
	}},
	{"index only, by cacheinfo", early, func(s *site) {
		id := s.feed(s.line(), "hash-object", "-w", "--stdin")
		s.git("update-index", "--add", "--cacheinfo", "100644,"+id+",a.env")
		s.commit()
	}},
	{"a work tree of its own", early, func(s *site) {
		s.git("worktree", "add", "-q", "-b", "side", s.dir+"2")
		s.dir += "2"
		s.staged(s.line())
	}},
	{"--git-dir and --work-tree", early, func(s *site) {
		s.stage("a.env", s.line())
		s.try("--git-dir", filepath.Join(s.dir, ".git"), "--work-tree", s.dir, "commit", "-m", "work")
	}},
	{"an unborn branch", early, func(s *site) { s.git("checkout", "-q", "--orphan", "new"); s.staged(s.line()) }},
	{"rename with an edit", early, func(s *site) {
		s.git("mv", "sub/old.txt", "sub/new.txt")
		s.stage("sub/new.txt", "one\ntwo\nthree\nfour\nfive\n"+s.line())
		s.commit()
	}},
	{"mode change with an edit", early, func(s *site) {
		s.stage("README.md", "hello\n"+s.line())
		s.git("update-index", "--chmod=+x", "README.md")
		s.commit()
	}},
	{"target of a link", early, func(s *site) {
		_ = os.Symlink("/x/"+s.token, filepath.Join(s.dir, "link"))
		s.git("add", "link")
		s.commit()
	}},
	{"name of a file", early, func(s *site) { s.stage(s.token+".txt", "x\n"); s.commit() }},
	{"name of a folder", early, func(s *site) { s.stage("x/"+s.token+"/a.txt", "x\n"); s.commit() }},
	{"a name like a flag", early, func(s *site) { s.stage("--cached", s.line()); s.commit() }},
	{"a name with odd bytes", early, func(s *site) { s.stage("a\t\"b\n\xff.env", s.line()); s.commit() }},
	{"UTF-16", early, func(s *site) { s.staged("\xff\xfe" + wide("x\n"+s.line())) }},
	{"UTF-16 without mark", early, func(s *site) { s.staged(wide("a few words, then\n" + s.line())) }},
	{"one NUL byte", early, func(s *site) { s.staged("\x00" + s.line()) }},
	{"base64", early, func(s *site) { s.staged(base64.StdEncoding.EncodeToString([]byte(s.line())) + "\n") }},
	{"hex of base64", early, func(s *site) {
		s.staged(hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s.line())))))
	}},
	{"a minified line of 4 MB", early, func(s *site) { pad := strings.Repeat("var a=b.key(c);", 140_000); s.staged(pad + s.token + ";" + pad) }},
	{"carriage returns only", early, func(s *site) { s.staged(strings.ReplaceAll("a\nb\n"+s.line(), "\n", "\r")) }},
	{"an LFS pointer with a line more", early, func(s *site) {
		s.staged("version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0", 64) + "\nsize 12\n" + s.line())
	}},
	{"unstaged attribute -diff", early, func(s *site) { s.write(".gitattributes", "* -diff\n"); s.staged(s.line()) }},
	{"unstaged attribute binary", early, func(s *site) { s.write(".gitattributes", "* binary\n"); s.staged(s.line()) }},
	{"staged attributes", early, func(s *site) { s.stage(".gitattributes", "* -diff binary export-ignore\n"); s.staged(s.line()) }},
	{".git/info/attributes", early, func(s *site) { s.write(".git/info/attributes", "* -diff -text\n"); s.staged(s.line()) }},
	{"core.attributesFile", early, func(s *site) {
		s.write("at", "* -diff\n")
		s.configured("core.attributesFile", filepath.Join(s.dir, "at"))
	}},
	{"textconv", early, func(s *site) {
		s.write(".gitattributes", "* diff=x\n")
		s.configured("diff.x.textconv", "true")
	}},
	{"diff.external", early, func(s *site) { s.configured("diff.external", "true") }},
	{"GIT_EXTERNAL_DIFF, GIT_DIFF_OPTS", early, func(s *site) {
		s.env = append(s.env, "GIT_EXTERNAL_DIFF=true", "GIT_DIFF_OPTS=-u0")
		s.staged(s.line())
	}},
	{"color.ui always", early, func(s *site) { s.configured("color.ui", "always") }},
	{"diff.orderFile that is not there", early, func(s *site) { s.configured("diff.orderFile", "/nonexistent") }},
	{"diff.noprefix", early, func(s *site) { s.configured("diff.noprefix", "true") }},
	{"diff.relative in a subfolder", early, func(s *site) {
		s.git("config", "diff.relative", "true")
		s.stage("a.env", s.line())
		s.dir += "/sub"
		s.commit()
	}},
	{"diff.ignoreSubmodules, status.*", early, func(s *site) {
		s.git("config", "status.renames", "false")
		s.configured("diff.ignoreSubmodules", "all")
	}},
	{"core.bigFileThreshold", early, func(s *site) { s.configured("core.bigFileThreshold", "1") }},
	{"core.fsmonitor that lies", early, func(s *site) { s.stage("a.env", s.line()); s.git("config", "core.fsmonitor", "true"); s.commit() }},
	{"core.useReplaceRefs with a replaced file", early, func(s *site) {
		s.stage("a.env", s.line())
		s.git("replace", s.git("rev-parse", ":a.env"), s.feed("clean\n", "hash-object", "-w", "--stdin"))
		s.commit()
	}},
	{"a filter that brings it in", early, func(s *site) {
		s.git("config", "filter.x.clean", "echo 'key: "+s.token+"'")
		s.write(".gitattributes", "*.env filter=x\n")
		s.staged("clean\n")
	}},
	{"unstaged .gitleaks.toml", early, func(s *site) { s.write(".gitleaks.toml", allowAll); s.staged(s.line()) }},
	{"staged .gitleaks.toml", early, func(s *site) { s.stage(".gitleaks.toml", allowAll); s.staged(s.line()) }},
	{"staged .gitleaksignore", early, func(s *site) { s.stage(".gitleaksignore", "a.env:clawql-api-key:1\n"); s.staged(s.line()) }},
	{"GITLEAKS_CONFIG", early, func(s *site) {
		s.write("all.toml", allowAll)
		s.env = append(s.env, "GITLEAKS_CONFIG="+filepath.Join(s.dir, "all.toml"))
		s.staged(s.line())
	}},
	{"gitleaks:allow", early, func(s *site) { s.staged("key: " + s.token + " # gitleaks:allow\n") }},
	{"a path that the default rules leave out", early, func(s *site) { s.stage("node_modules/x.svg", s.line()); s.commit() }},
	{"the end of a merge", early, func(s *site) {
		s.git("checkout", "-qb", "other")
		s.stage("b.txt", "b\n")
		s.git("commit", "-qm", "b")
		s.git("checkout", "-q", "main")
		s.git("merge", "-q", "--no-commit", "--no-ff", "other")
		s.staged(s.line())
	}},
	{"a submodule's own repository", early, func(s *site) {
		s.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", s.remote, "mod")
		s.hook(filepath.Join(s.dir, ".git/modules/mod/hooks/pre-commit"), sh+"exec "+binary+" run pre-commit\n")
		s.dir += "/mod"
		s.staged(s.line())
	}},
	{".gitmodules with the token in an address", early, func(s *site) {
		s.stage(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = https://"+s.token+"@example.org/x\n")
		s.commit()
	}},
}
