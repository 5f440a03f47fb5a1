package sshsign

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/sshsign/fidotest"
	"golang.org/x/crypto/ssh"
)

// An attestation that the real ssh-keygen wrote, and what one changes in it.
func TestAttestation(t *testing.T) {
	token := fidotest.New(t)
	roots, err := ParseRoots("roots", token.Roots)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ParseRoots("roots", fidotest.New(t).Roots)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"ed25519", "ecdsa"} {
		key, attestation, challenge := enrolled(t, token, kind)
		a, err := VerifyAttestation(key, attestation, challenge, roots, time.Now())
		if err != nil || a.Root != "CN=Test Token Root" || a.Self || !a.UserVerified {
			t.Errorf("%s: %+v, %v", kind, a, err)
		}
		if a, err := VerifyAttestation(key, attestation, challenge, nil, time.Now()); err != nil || a.Root != "" || a.Maker == "" {
			t.Errorf("%s without roots: %+v, %v", kind, a, err)
		}
		other, _, _ := enrolled(t, token, kind)
		last := len(attestation) - 1
		for name, no := range map[string]func() error{
			"another key":       func() error { return verdict(other, attestation, challenge) },
			"another challenge": func() error { return verdict(key, attestation, []byte("replayed")) },
			"not a FIDO key":    func() error { return verdict(ed25519Key(t).PublicKey(), attestation, challenge) },
			"cut":               func() error { return verdict(key, attestation[:last], challenge) },
			"empty":             func() error { return verdict(key, nil, challenge) },
			"another version": func() error {
				return verdict(key, bytes.Replace(attestation, []byte("attest-v01"), []byte("attest-v00"), 1), challenge)
			},
			"verified flag set": func() error {
				return verdict(key, bytes.Replace(attestation, []byte{0x45, 0, 0, 0, 1}, []byte{0x41, 0, 0, 0, 1}, 1), challenge)
			},
			"another root": func() error {
				_, err := VerifyAttestation(key, attestation, challenge, foreign, time.Now())
				return err
			},
			"expired certificate": func() error {
				_, err := VerifyAttestation(key, attestation, challenge, roots, time.Now().AddDate(1, 0, 0))
				return err
			},
		} {
			if no() == nil {
				t.Errorf("%s: %s: accepted", kind, name)
			}
		}
	}
}

func verdict(key ssh.PublicKey, attestation, challenge []byte) error {
	_, err := VerifyAttestation(key, attestation, challenge, nil, time.Now())
	return err
}

// enrolled makes a key with an attestation, as setup does.
func enrolled(t *testing.T, token *fidotest.Token, kind string) (key ssh.PublicKey, attestation, challenge []byte) {
	t.Helper()
	dir := t.TempDir()
	challenge = bytes.Repeat([]byte{7}, 32)
	if err := os.WriteFile(filepath.Join(dir, "challenge"), challenge, 0o600); err != nil {
		t.Fatal(err)
	}
	path := token.NewKey(t, kind, "-O", "verify-required", "-O", "application=ssh:clawql",
		"-O", "challenge="+filepath.Join(dir, "challenge"), "-O", "write-attestation="+filepath.Join(dir, "attestation"))
	public, err1 := os.ReadFile(path + ".pub")
	attestation, err2 := os.ReadFile(filepath.Join(dir, "attestation"))
	key, _, _, _, err3 := ssh.ParseAuthorizedKey(public)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	return key, attestation, challenge
}

func TestRootsThatCannotBeRead(t *testing.T) {
	for _, text := range []string{"rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := ParseRoots("roots", []byte(text)); err == nil {
			t.Errorf("%q: read", text)
		}
	}
	if all, err := ParseRoots("roots", nil); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
}
