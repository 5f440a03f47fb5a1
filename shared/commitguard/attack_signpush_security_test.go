package commitguard

import (
	"strings"
	"testing"
)

// The policy of signatures where no hook of a commit looks: tags, and commits
// that were made with the hooks off.
func TestPushDoesNotPassThePolicyOfSignatures(t *testing.T) {
	here, there := sides(signedPushes)
	attacks(t, "1 signature that does not count", bareSite, append(here, there...))
}

var signedPushes = []attack{
	{"unsigned, made with the hooks off", "", signed(func(w *signedSite) {
		w.off("commit", "-q", "--allow-empty", "-m", "work")
		w.pushed("origin", "main")
	})},
	{"unsigned, as a new branch", "", signed(func(w *signedSite) { w.pushed("origin", w.unsigned("b")+":refs/heads/new") })},
	{"unsigned, to a ref that is no branch", "", signed(func(w *signedSite) { w.pushed("origin", w.unsigned("b")+":refs/for/main") })},
	{"unsigned, from before the policy", "", signed(func(w *signedSite) {
		w.git("checkout", "-q", "-b", "old", "HEAD~1")
		w.git("commit", "-q", "--allow-empty", "-m", "work") // allowed here: no policy yet
		w.pushed("origin", "old")
	})},
	{"unsigned, in place of main", "", signed(func(w *signedSite) {
		w.off("reset", "-q", "--hard", "HEAD~1")
		w.off("commit", "-q", "--allow-empty", "-m", "work")
		w.pushed("-f", "origin", "main")
	})},
	{"takes itself on the list, all hooks off", "", signed(func(w *signedSite) {
		w.stage(".clawql/allowed_signers", w.list+"eve@example.org "+w.eve.Public+"\n")
		w.by(w.eve)
		w.off("commit", "-q", "-S", "-m", "me too")
		w.pushed("origin", "main")
	})},
	{"a tag, unsigned", "", signed(func(w *signedSite) { w.git("tag", "-a", "-m", "x", "v1"); w.pushed("origin", "v1") })},
	{"a tag, signed with a key on no list", "", signed(func(w *signedSite) {
		w.git("config", "user.signingkey", w.eve.Path)
		w.git("tag", "-s", "-m", "x", "v1")
		w.pushed("origin", "v1")
	})},
	{"a tag, its message changed after signing", "", signed(func(w *signedSite) {
		w.git("tag", "-s", "-m", "good", "v1")
		raw := strings.Replace(w.git("cat-file", "tag", "v1")+"\n", "good", "bad", 1)
		w.git("update-ref", "refs/tags/v1", w.feed(raw, "mktag"))
		w.pushed("origin", "v1")
	})},
	{"a tag, pointed to another commit after signing", "", signed(func(w *signedSite) {
		w.git("tag", "-s", "-m", "good", "v1")
		raw := strings.Replace(w.git("cat-file", "tag", "v1")+"\n", w.git("rev-parse", "HEAD"), w.git("rev-parse", "HEAD~1"), 1)
		w.git("update-ref", "refs/tags/v1", w.feed(raw, "mktag"))
		w.pushed("origin", "v1")
	})},
	{"a signed tag under another name", "", signed(func(w *signedSite) {
		w.git("tag", "-s", "-m", "x", "v1")
		w.pushed("origin", "v1:refs/tags/v2")
	})},
	{"a tag that is out moves", "", signed(func(w *signedSite) {
		w.git("tag", "-s", "-m", "x", "v1")
		w.git("push", "-q", "origin", "v1")
		w.git("tag", "-f", "-s", "-m", "y", "v1")
		w.pushed("-f", "origin", "v1")
	})},
	{"a light tag on an unsigned commit", "", signed(func(w *signedSite) { w.git("tag", "v1", w.unsigned("b")); w.pushed("origin", "v1") })},
}
