package sshsign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"io"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

func TestMain(m *testing.M) {
	remove := gittest.Isolate()
	code := m.Run()
	remove()
	os.Exit(code)
}

func fromKey(t testing.TB, key crypto.Signer) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ed25519Key(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return fromKey(t, key)
}

func ecdsaKey(t testing.TB, curve elliptic.Curve) ssh.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return fromKey(t, key)
}

func rsaKey(t testing.TB, bits int) ssh.Signer {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0") // the test wants a key that is too short
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return fromKey(t, key)
}

// securityKey is a FIDO key in software: it signs what a real one signs
// (OpenSSH's PROTOCOL.u2f), with flags of the test's choice.
type securityKey struct {
	public ssh.PublicKey
	flags  byte
	sign   func(message []byte) []byte
}

func (k securityKey) PublicKey() ssh.PublicKey { return k.public }

func (k securityKey) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	application, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(data)
	tail := []byte{k.flags, 0, 0, 0, 7} // flags, counter
	blob := k.sign(bytes.Join([][]byte{application[:], tail, message[:]}, nil))
	return &ssh.Signature{Format: k.public.Type(), Blob: blob, Rest: tail}, nil
}

func wire(t testing.TB, fields any) ssh.PublicKey {
	t.Helper()
	key, err := ssh.ParsePublicKey(ssh.Marshal(fields))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func skEd25519(t testing.TB, flags byte) ssh.Signer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := wire(t, struct {
		Type        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, "ssh:"})
	return securityKey{key, flags, func(m []byte) []byte { return ed25519.Sign(private, m) }}
}

func skECDSA(t testing.TB, flags byte) ssh.Signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key := wire(t, struct {
		Type, Curve string
		Point       []byte
		Application string
	}{ssh.KeyAlgoSKECDSA256, "nistp256", point, "ssh:"})
	return securityKey{key, flags, func(m []byte) []byte {
		digest := sha256.Sum256(m)
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return ssh.Marshal(struct{ R, S *big.Int }{r, s})
	}}
}

// authorized is a public key as a list holds it.
func authorized(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// armored signs payload in a namespace.
func armored(t testing.TB, payload string, signer ssh.Signer, namespace string, hash sshsig.HashAlgorithm) string {
	t.Helper()
	sig, err := sshsig.Sign(strings.NewReader(payload), signer, hash, namespace)
	if err != nil {
		t.Fatal(err)
	}
	return string(sshsig.Armor(sig))
}

// withSignature puts a signature into a commit, as git does.
func withSignature(payload, armor string) string {
	header := "gpgsig " + strings.ReplaceAll(strings.TrimSuffix(armor, "\n"), "\n", "\n ") + "\n"
	head, message, _ := strings.Cut(payload, "\n\n")
	return head + "\n" + header + "\n" + message
}
