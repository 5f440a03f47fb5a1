package commitverify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// Whatever we accept is G for git, by the same list; where git says G and we
// refuse, the table says why.
func TestAgainstGit(t *testing.T) {
	w := newWorld(t)
	id := map[string]string{} // a case, by the commit that it makes
	commit := func(name string, key *gittest.Key, args ...string) {
		settings := []string{"-c", "gpg.format=ssh", "-c", "user.signingkey=" + key.Path, "-c", "user.name=" + key.Name, "-c", "user.email=" + key.Email}
		w.Git(append(append(settings, args...), "commit", "-q", "--allow-empty", "-S", "-m", name)...)
		id[w.Head()] = name
	}
	commit("plain", w.ann)
	commit("another signer", w.bob)
	commit("a stranger", w.eve)
	commit("in the name of another", w.ann, "-c", "user.email=bob@example.org")
	commit("in a name that nobody has", w.ann, "-c", "user.email=zed@example.org")
	commit("author is another", w.ann, "-c", "author.email=zed@example.org", "-c", "author.name=Zed")
	commit("encoded", w.bob, "-c", "i18n.commitEncoding=ISO-8859-1")
	w.at(mustTime(t, "2099-01-01T00:00:00Z"))
	commit("in the future", w.ann)
	w.at(mustTime(t, "2001-01-01T00:00:00Z"))
	commit("in the past", w.ann)
	w.Env = nil
	commit("good again", w.ann)
	stricter := map[string]string{
		"in the name of another": "git binds no committer", "in a name that nobody has": "git binds no committer",
		"in the future": "git asks no clock", "in the past": "git compares with no parent",
	}
	refused := map[string]bool{}
	for _, one := range w.verify(w.options()).Refused {
		refused[id[one.Commit]] = true
	}
	w.Git("config", "gpg.ssh.allowedSignersFile", filepath.Join(w.Dir, ".clawql/allowed_signers"))
	w.Git("config", "gpg.format", "ssh")
	lines := strings.Fields(w.Git("log", "--format=%H %G?", w.anchor+"..HEAD"))
	if len(lines) != 2*len(id) {
		t.Fatalf("git speaks of %d commits, not of %d", len(lines)/2, len(id))
	}
	for i := 0; i < len(lines); i += 2 {
		name, git := id[lines[i]], lines[i+1] == "G"
		switch {
		case !refused[name] && !git:
			t.Errorf("%s: we accept what git calls %s", name, lines[i+1])
		case refused[name] && git && stricter[name] == "":
			t.Errorf("%s: we refuse what git accepts, without a reason", name)
		case stricter[name] != "" && !refused[name]:
			t.Errorf("%s: accepted, though %s", name, stricter[name])
		}
	}
}

// No program runs and no configuration counts: a gpg.ssh.program that says yes
// to everything, a list elsewhere, a key that expired after the commit.
func TestConfigurationDoesNotCount(t *testing.T) {
	w := newWorld(t)
	ran := filepath.Join(t.TempDir(), "ran")
	program := filepath.Join(t.TempDir(), "yes")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ntouch "+ran+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.Write("list", gittest.Signers(w.eve))
	w.Commit("by a stranger", w.eve)
	for _, kv := range [][2]string{
		{"gpg.ssh.program", program}, {"gpg.program", program}, {"gpg.ssh.allowedSignersFile", "list"}, {"log.showSignature", "true"},
		{"core.fsmonitor", program}, {"gpg.minTrustLevel", "undefined"}, {"core.pager", program}, {"core.sshCommand", program},
	} {
		w.Git("config", kv[0], kv[1])
	}
	w.want(w.options(), "not listed")
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program of the configuration ran")
	}
}
