package stagedscan

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// chance is a commit with a signature that belongs to it.
func chance(t *testing.T, message string) string {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	head := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a@example.org> 1767225600 +0000\ncommitter a <a@example.org> 1767225600 +0000"
	payload := head + "\n\n" + message
	sig, err := sshsig.Sign(strings.NewReader(payload), signer, sshsig.HashSHA512, "git")
	if err != nil {
		t.Fatal(err)
	}
	armor := strings.ReplaceAll(strings.TrimSpace(string(sshsig.Armor(sig))), "\n", "\n ")
	return head + "\ngpgsig " + armor + "\n\n" + message
}

func TestSignatureIsTakenOut(t *testing.T) {
	raw := chance(t, "work\n")
	bare, ok := withoutSignature(InMessage, []byte(raw))
	if !ok || strings.Contains(string(bare), "SSH SIGNATURE") || !strings.HasSuffix(string(bare), " +0000\n\nwork\n") {
		t.Errorf("%v, %q", ok, bare)
	}
	for name, other := range map[string]string{
		"none":                         strings.Replace(raw, "gpgsig ", "x ", 1),
		"of another commit":            strings.Replace(raw, "work", "wrok", 1),
		"rubbish between its lines":    strings.Replace(raw, "\n -----END", "\n EAAAbcdefghijklmnopqrstuvwxyz\n -----END", 1),
		"a second header of that name": strings.Replace(raw, "\ngpgsig ", "\ngpgsig EAAAbcdefghijklmnopqrstuvwxyz\ngpgsig ", 1),
	} {
		if _, ok := withoutSignature(InMessage, []byte(other)); ok {
			t.Errorf("%s: it is taken out", name)
		}
	}
}

// What a rule finds by chance in a valid signature is no finding; the same
// words in the message are, and so are they in a signature that is none.
func TestChanceInASignatureIsNoFinding(t *testing.T) {
	s := newSite(t)
	s.stage(".gitleaks.toml", "[extend]\nuseDefault = true\n[[rules]]\nid = 'chance'\nregex = '''(U1NIU0lHAAAAAQ|chosen-word)'''\n")
	s.commit("a rule that every SSH signature fits")
	for _, tt := range []struct {
		name, raw string
		want      int
	}{
		{"valid", chance(t, "work\n"), 0},
		{"valid, and in the message", chance(t, "use chosen-word\n"), 1},
		{"the signature's own words in the message", chance(t, "U1NIU0lHAAAAAQ\n"), 2},
		{"of another commit", strings.Replace(chance(t, "work\n"), "work", "wrok", 1), 1},
		{"a token in a valid commit's message", chance(t, s.line()), 1},
	} {
		s.write("raw", tt.raw)
		id := s.git("hash-object", "-t", "commit", "-w", "--literally", "raw")
		report, err := Commits(t.Context(), gitchange.In(s.run), []string{id}, "HEAD")
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if len(report.Findings) != tt.want {
			t.Errorf("%s: %d findings, want %d: %v", tt.name, len(report.Findings), tt.want, report.Findings)
		}
	}
}
