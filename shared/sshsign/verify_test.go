package sshsign

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

func TestPolicy(t *testing.T) {
	file, touched, verified := ed25519Key(t), skEd25519(t, 1), skECDSA(t, 5)
	tests := []struct {
		name   string
		signer ssh.Signer
		policy Policy
		want   Reason
	}{
		{"file key, nothing asked", file, Policy{}, ""},
		{"file key, hardware asked", file, Policy{RequireHardware: true}, NoHardware},
		{"file key, touch asked", file, Policy{RequireTouch: true}, NoHardware},
		{"file key, verification asked", file, Policy{RequireVerification: true}, NoHardware},
		{"touched, hardware asked", touched, Policy{RequireHardware: true}, ""},
		{"touched, touch asked", touched, Policy{RequireTouch: true}, ""},
		{"touched, verification asked", touched, Policy{RequireVerification: true}, NotVerified},
		{"verified, all asked", verified, Policy{true, true, true}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := mustList(t, "a@example.org "+authorized(tt.signer.PublicKey()))
			sig, err := VerifyCommit([]byte(commitBy(t, tt.signer, "a@example.org")), list, tt.policy, time.Unix(commitTime, 0))
			if reasonOf(err) != tt.want {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			hardware := strings.HasPrefix(tt.signer.PublicKey().Type(), "sk-")
			if err == nil && (sig.Hardware != hardware || sig.Touched != hardware || sig.UserVerified != (tt.name == "verified, all asked")) {
				t.Errorf("signature %+v", sig)
			}
		})
	}
}

func reasonOf(err error) Reason {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

func mustList(t testing.TB, text string) *AllowedSigners {
	t.Helper()
	list, err := ParseAllowedSigners("list", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The flags of a security key are signed: they cannot be switched on later.
func TestTouchFlagCannotBeForged(t *testing.T) {
	signer := skEd25519(t, 0)
	list := mustList(t, "a@example.org "+authorized(signer.PublicKey()))
	forge := func(flags byte, extra ...byte) string {
		who := "A <a@example.org> 1 +0000"
		payload := "tree x\nauthor " + who + "\ncommitter " + who + "\n\nm\n"
		sig, err := sshsig.Sign(strings.NewReader(payload), signer, sshsig.HashSHA512, "git")
		if err != nil {
			t.Fatal(err)
		}
		sig.Signature.Rest = append([]byte{flags, 0, 0, 0, 7}, extra...)
		return withSignature(payload, string(sshsig.Armor(sig)))
	}
	for flags, want := range map[byte]Reason{0: NoTouch, 1: BadSignature, 5: BadSignature} {
		if _, err := VerifyCommit([]byte(forge(flags)), list, Policy{}, time.Unix(1, 0)); reasonOf(err) != want {
			t.Errorf("flags %d: %v, want %q", flags, err, want)
		}
	}
	if _, err := VerifyCommit([]byte(forge(0, 1)), list, Policy{}, time.Unix(1, 0)); reasonOf(err) != Malformed {
		t.Errorf("bytes behind the counter: %v", err)
	}
}

// SHA-1 ("ssh-rsa") under a signature, and a signature of another algorithm
// than the key's.
func TestOldAlgorithms(t *testing.T) {
	signer := rsaKey(t, 2048)
	list := mustList(t, "a@example.org "+authorized(signer.PublicKey()))
	for format, want := range map[string]Reason{"ssh-rsa": WeakKey, "rsa-sha2-256": BadSignature, "ssh-ed25519": WeakKey, "ssh-dss": WeakKey} {
		who := "A <a@example.org> 1 +0000"
		payload := "tree x\nauthor " + who + "\ncommitter " + who + "\n\nm\n"
		sig, err := sshsig.Sign(strings.NewReader(payload), signer, sshsig.HashSHA512, "git")
		if err != nil {
			t.Fatal(err)
		}
		sig.Signature.Format = format
		raw := withSignature(payload, string(sshsig.Armor(sig)))
		if _, err := VerifyCommit([]byte(raw), list, Policy{}, time.Unix(1, 0)); reasonOf(err) != want {
			t.Errorf("%s: %v, want %q", format, err, want)
		}
	}
}

func TestCommitLineTricks(t *testing.T) {
	signer := ed25519Key(t)
	list := mustList(t, "a@example.org "+authorized(signer.PublicKey()))
	for name, committer := range map[string]string{
		"two committers":       "committer B <b@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000",
		"none":                 "comitter A <a@example.org> 1 +0000",
		"two e-mails":          "committer B <b@example.org> <a@example.org> 1 +0000",
		"nested":               "committer A <b@example.org <a@example.org>> 1 +0000",
		"no e-mail":            "committer A 1 +0000",
		"empty e-mail":         "committer A <> 1 +0000",
		"e-mail in the name":   "committer a@example.org <b@example.org> 1 +0000",
		"blank in the e-mail":  "committer A <a@example.org > 1 +0000",
		"no time":              "committer A <a@example.org>",
		"zero byte":            "committer A\x00 <a@example.org> 1 +0000",
		"committer in message": "x y\n\ncommitter A <a@example.org> 1 +0000",
	} {
		payload := "tree x\nauthor A <a@example.org> 1 +0000\n" + committer + "\n\nm\n"
		raw := withSignature(payload, armored(t, payload, signer, "git", sshsig.HashSHA512))
		if sig, err := VerifyCommit([]byte(raw), list, Policy{}, time.Unix(1, 0)); reasonOf(err) == "" {
			t.Errorf("%s: accepted as %+v, %v", name, sig, err)
		}
	}
}

func TestRefusedLists(t *testing.T) {
	key := authorized(ed25519Key(t).PublicKey())
	for name, text := range map[string]string{
		"dsa":         "a@example.org ssh-dss AAAAB3NzaC1kc3MAAACBAA==",
		"certificate": "a@example.org ssh-ed25519-cert-v01@openssh.com AAAA",
		"zero byte":   "a@example.org " + key + "\x00",
		"too large":   strings.Repeat("#", maxSigners+1),
	} {
		if _, err := ParseAllowedSigners("list", []byte(text)); fault.Code(err) != fault.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	list := mustList(t, "a@example.org "+key)
	if err := list.Revoke("krl", []byte("SSHKRL\n\x00")); fault.Code(err) != fault.CodeUsage {
		t.Errorf("a binary revocation list: %v", err)
	}
	if err := list.Revoke("keys", []byte("ssh-ed25519 nonsense")); fault.Code(err) != fault.CodeUsage {
		t.Errorf("a broken revocation list: %v", err)
	}
}
