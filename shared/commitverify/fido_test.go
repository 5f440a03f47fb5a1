package commitverify

import (
	"os"
	"testing"

	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/sshsign/fidotest"
)

// The default policy, with what real tokens sign: main asks for the PIN, other
// branches for a touch, and bots that clawql.yaml names for neither.
func TestBranchesWithATokenAndABot(t *testing.T) {
	token := fidotest.New(t)
	w := newWorld(t)
	list := ""
	keys := map[string]string{"dan": token.NewKey(t, "ed25519", "-O", "verify-required"), "eli": token.NewKey(t, "ecdsa"), "bot": w.bob.Path}
	for name, path := range keys {
		public, err := os.ReadFile(path + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		list += name + "@example.org " + string(public)
	}
	yaml := func(more string) string {
		return "apiVersion: clawql.io/v1alpha1\nkind: Project\nenvironments: {production: {context: ctx, namespace: clawql, overlay: o}}\n" + more
	}
	w.Write(".clawql/allowed_signers", list)
	w.Write(project.FileName, yaml(""))
	w.anchor = w.Commit("policy", w.ann)
	commit := func(name string) {
		w.Env = token.Env
		w.Git("-c", "gpg.format=ssh", "-c", "user.signingkey="+keys[name]+".pub", "-c", "user.email="+name+"@example.org",
			"commit", "-q", "--allow-empty", "-S", "-m", name)
	}
	commit("dan")
	commit("eli")
	commit("bot")
	for branch, want := range map[string]string{
		"work": "no hardware key", "refs/heads/work": "no hardware key", "main": "no user verified; no hardware key",
		"refs/heads/main": "no user verified; no hardware key", "": "no user verified; no hardware key", "refs/tags/v1": "no user verified; no hardware key",
	} {
		o := w.options()
		o.Ref = branch
		w.want(o, want)
	}
	admit := "signing:\n  admit: [{key: '" + fingerprint(t, keys["bot"]) + "', reason: the release bot in CI, owner: a, expires: 2999-01-01}]\n"
	rewrite := func(more string) Options {
		w.Git("checkout", "-q", "-B", "anchor", w.anchor)
		w.Write(project.FileName, yaml(more))
		o := w.options()
		o.Anchor = w.Commit("other policy", w.ann)
		o.Revisions = []string{"main", "^" + w.anchor}
		return o
	}
	w.want(rewrite(admit), "")
	report := w.verify(rewrite(admit))
	if n := len(report.Signers); n != 3 {
		t.Errorf("%d signers, want 3", n)
	}
	expired := "signing:\n  admit: [{key: '" + fingerprint(t, keys["bot"]) + "', reason: the release bot in CI, owner: a, expires: 2020-01-01}]\n"
	w.want(rewrite(expired), "no hardware key")
	o := rewrite("signing: {branches: [{name: 'work/**', require: verification}, {name: work, require: signature}]}\n")
	w.want(o, "no hardware key") // to ask for less needs an exception
	o.Ref = "work/a/b"
	w.want(o, "no user verified; no hardware key")
}

func fingerprint(t *testing.T, path string) string {
	t.Helper()
	key, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return fingerprintOf(t, key)
}
