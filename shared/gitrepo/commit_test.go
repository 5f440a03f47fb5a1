package gitrepo

import (
	"bytes"
	"strings"
	"testing"
)

const plain = "tree 1111111111111111111111111111111111111111\n" +
	"parent 2222222222222222222222222222222222222222\n" +
	"author A <a@example.org> 1700000000 +0000\n" +
	"committer B <b@example.org> 1700000001 +0000\n" +
	"gpgsig -----BEGIN SSH SIGNATURE-----\n abc\n -----END SSH SIGNATURE-----\n" +
	"\nsubject\n\nbody\n"

func TestParseCommitRefuses(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(plain, old, new, 1) }
	for name, raw := range map[string]string{
		"no tree":            swap("tree", "tee"),
		"tree not first":     swap("tree", "x y\ntree"),
		"second tree":        swap("gpgsig", "tree 3333333333333333333333333333333333333333\ngpgsig"),
		"late parent":        swap("gpgsig", "parent 3333333333333333333333333333333333333333\ngpgsig"),
		"second author":      swap("gpgsig", "author C <c@example.org> 1 +0000\ngpgsig"),
		"second committer":   swap("gpgsig", "committer C <c@example.org> 1 +0000\ngpgsig"),
		"no committer":       swap("committer", "comitter"),
		"zero byte":          swap("author A", "author A\x00"),
		"no e-mail":          swap("<b@example.org>", "b@example.org"),
		"two e-mails":        swap("<b@example.org>", "<b@example.org> <c@example.org>"),
		"no time":            swap("1700000001 +0000", ""),
		"a time that is not": swap("1700000001", "soon"),
		"negative time":      swap("1700000001", "-1"),
		"empty":              "",
	} {
		if c, err := parseCommit([]byte(raw)); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if c, err := parseCommit([]byte(plain)); err != nil || c.Subject != "subject" || len(c.Parents) != 1 {
		t.Errorf("the plain one: %+v, %v", c, err)
	}
}

func FuzzParseCommit(f *testing.F) {
	f.Add([]byte(plain))
	f.Add([]byte("tree \n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parseCommit(raw)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(raw, []byte("tree "+c.Tree+"\n")) || strings.ContainsAny(c.CommitterEmail, "<>\n") {
			t.Errorf("tree %q, e-mail %q of %q", c.Tree, c.CommitterEmail, raw)
		}
	})
}
