package hookinstall

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestABlockComesAndGoes(t *testing.T) {
	for _, before := range []string{
		"", "\n", "[core]\n\tbare = false\n", "[core]\n\tbare = false", "# only a comment", "\n\n", "[a]\r\n\tb = c\r\n",
		"[include]\n\tpath = theirs\n", "[hook \"linter\"]\n\tevent = pre-commit\n\tcommand = lint\n", "; clawql-hooks is mentioned here",
	} {
		for _, lines := range [][]string{hookLines("/a b/#hooks"), {"[include]", "\tpath = clawql-hooks/config"}, {"[include]", "\tpath = " + value(`/h"o\me/clawql-hooks/config`)}} {
			file := File{Mode: 0o600, Data: []byte(before)}
			with := addBlock(file, lines)
			if after := takeBlock(with); !after.equal(file) {
				t.Errorf("%q became %q, by way of %q", before, after.Data, with.Data)
			}
			if !strings.HasPrefix(string(with.Data), before) {
				t.Errorf("%q was not only added to: %q", before, with.Data)
			}
		}
	}
	if made := takeBlock(addBlock(File{}, hookLines("/x"))); made.There() {
		t.Errorf("of a new file %q is left", made.Data)
	}
}

// git itself writes to the file while we are in it: what it wrote stays, and
// nothing of ours.
func TestOthersWriteBetween(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"config", "--file", path}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git config %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for _, lines := range [][]string{hookLines("/x"), {"[include]", "\tpath = clawql-hooks/config", `[includeIf "gitdir:**/worktrees/*"]`, "\tpath = clawql-hooks/config-worktrees"}} {
		if err := os.WriteFile(path, addBlock(File{Mode: 0o644, Data: []byte("[core]\n\tbare = false")}, lines).Data, 0o644); err != nil {
			t.Fatal(err)
		}
		git("core.editor", "vi")
		git("--add", "include.path", "theirs")
		git("hook.clawql-pre-commit.enabled", "false")
		git("new.section", "here")
		data, _ := os.ReadFile(path)
		left := takeBlock(File{Mode: 0o644, Data: data})
		if err := os.WriteFile(path, left.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := git("--list"); got != "core.bare=false\ncore.editor=vi\ninclude.path=theirs\nnew.section=here" {
			t.Errorf("left is\n%s\nof\n%s", got, data)
		}
		if strings.Contains(string(left.Data), "clawql") {
			t.Errorf("ours is left: %s", left.Data)
		}
	}
}

// What is not ours survives a block that comes and goes, whatever it is.
func FuzzBlock(f *testing.F) {
	f.Add("[core]\n\tbare = false\n")
	f.Add("[include]\n[hook \"x\"]\nevent=")
	f.Add("a\\\n# c")
	f.Fuzz(func(t *testing.T, before string) {
		if strings.Contains(before, "clawql") {
			return
		}
		file := File{Mode: 0o644, Data: []byte(before)}
		if after := takeBlock(addBlock(file, hookLines("/x"))); !after.equal(file) {
			t.Errorf("%q became %q", before, after.Data)
		}
	})
}

// git reads from the block what was meant.
func TestGitReadsTheValues(t *testing.T) {
	for _, folder := range []string{"/plain", "/with space", `/q"uo'te`, `/back\slash`, "/hash#mark", "/semi;colon", "/täil "} {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, addBlock(File{}, hookLines(folder)).Data, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("git", "config", "--file", path, "--get", "hook.clawql-pre-push.command").CombinedOutput()
		said, err2 := exec.Command("sh", "-c", "printf '%s' "+strings.TrimSuffix(string(out), "\n")).Output()
		if err != nil || err2 != nil || string(said) != folder+"/pre-push" {
			t.Errorf("%q was read as %q, and by sh as %q", folder, out, said)
		}
	}
}

func TestVersions(t *testing.T) {
	for text, want := range map[string]bool{
		"git version 2.54.0": true, "git version 2.54.0.rc1": true, "git version 2.55": true, "git version 3.0.1 (Apple Git-200)": true, "git version 2.100.0": true,
		"git version 2.53.9": false, "git version 2.39.5 (Apple Git-154)": false, "git version 2.5.4": false, "": false, "git version x": false, "git version 2": false,
	} {
		if got := parseVersion(text).atLeast(2, 54); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
