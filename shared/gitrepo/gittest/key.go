package gittest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Key is a person and the person's signing key, made by the real ssh-keygen.
type Key struct {
	Name, Email string
	Path        string // of the private key
	Public      string // "ssh-ed25519 AAAA..."
	Signer      ssh.Signer
}

// NewKey makes a key for name@example.org. The arguments go to ssh-keygen;
// none means an Ed25519 key.
func NewKey(t testing.TB, name string, args ...string) *Key {
	t.Helper()
	if len(args) == 0 {
		args = []string{"-t", "ed25519"}
	}
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("ssh-keygen", append(args, "-q", "-N", "", "-C", "", "-f", path)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	public := read(t, path+".pub")
	signer, err := ssh.ParsePrivateKey([]byte(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	return &Key{name, name + "@example.org", path, strings.TrimSpace(public), signer}
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
