package signsetup

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"golang.org/x/crypto/ssh"
)

// Kind is what a key's type and name say about where it lives.
type Kind string

// The kinds, best first.
const (
	FIDO     Kind = "security key" // sk-*: each signature shows touch and PIN
	Card     Kind = "card"         // its name says PIV, PKCS#11 or Secure Enclave; nothing proves it
	Software Kind = "software"
)

// Key is a key that could sign.
type Key struct {
	Public  ssh.PublicKey
	Comment string
	Path    string // of the .pub file, "" for one that only the agent has
	InAgent bool
	Kind    Kind
}

// Fingerprint is SHA256:...
func (k Key) Fingerprint() string { return ssh.FingerprintSHA256(k.Public) }

// Short names the key for a person: its type, and how its fingerprint begins.
func (k Key) Short() string {
	return fmt.Sprintf("%s %.19s…", strings.TrimSuffix(k.Public.Type(), "@openssh.com"), k.Fingerprint())
}

// Line is the key as a list or user.signingkey has it, without its comment.
func (k Key) Line() string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k.Public))) }

// cardNames are words in the names that agents give to keys of cards and
// enclaves (ykcs11, OpenSC, yubikey-agent, Secretive, gpg-agent).
var cardNames = []string{"piv", "pkcs", "pkcs11", "yubikey", "secretive", "secure enclave", "cardno", "opensc", "tpm"}

func kindOf(key ssh.PublicKey, comment string) Kind {
	if strings.HasPrefix(key.Type(), "sk-") {
		return FIDO
	}
	name := strings.ToLower(comment)
	if slices.ContainsFunc(cardNames, func(word string) bool { return strings.Contains(name, word) }) {
		return Card
	}
	return Software
}

// agentPatience bounds the question to the agent: a forwarded one may hang.
const agentPatience = 5 * time.Second

// agentKeys are those of the agent; none without one.
func agentKeys(ctx context.Context) ([]Key, error) {
	if os.Getenv("SSH_AUTH_SOCK") == "" {
		return nil, nil
	}
	ctx, stop := context.WithTimeout(ctx, agentPatience)
	defer stop()
	out, err := exec.CommandContext(ctx, "ssh-add", "-L").Output()
	if exitOne(err) { // "The agent has no identities."
		return nil, nil
	}
	if err != nil {
		return nil, fault.Unable("ask ssh-agent at %s: %w", os.Getenv("SSH_AUTH_SOCK"), err).Hint("unset SSH_AUTH_SOCK, or start the agent anew")
	}
	var all []Key
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		key, comment, _, _, err := ssh.ParseAuthorizedKey(lines.Bytes())
		if _, cert := key.(*ssh.Certificate); err != nil || cert {
			continue // of a kind that cannot sign for us
		}
		all = append(all, Key{Public: key, Comment: comment, InAgent: true, Kind: kindOf(key, comment)})
	}
	return all, nil
}

// fileKeys are those of ~/.ssh whose private half, for a security key its
// handle, lies beside.
func fileKeys(home string) []Key {
	names, _ := filepath.Glob(filepath.Join(home, ".ssh", "*.pub")) // the pattern is a good one
	var all []Key
	for _, name := range names {
		if key, err := readPublic(name); err == nil && exists(strings.TrimSuffix(name, ".pub")) {
			all = append(all, key)
		}
	}
	return all
}

// readPublic reads a .pub file.
func readPublic(path string) (Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fault.Usage("read public key: %w", err)
	}
	key, err := parsePublic(path, text)
	key.Path = path
	return key, err
}

// parsePublic reads one public key; name is for errors.
func parsePublic(name string, text []byte) (Key, error) {
	key, comment, _, rest, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return Key{}, fault.Usage("read public key %s: it is none in OpenSSH's form (ssh-ed25519 AAAA...)", name).
			Hint("ssh-keygen -y -f KEY > KEY.pub writes it")
	}
	if _, cert := key.(*ssh.Certificate); cert || len(bytes.TrimSpace(rest)) > 0 {
		return Key{}, fault.Usage("read public key %s: it holds more than one public key, or a certificate", name)
	}
	return Key{Public: key, Comment: comment, Kind: kindOf(key, comment)}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// found are all keys of agent and files, each once, the best first.
func found(ctx context.Context, home string) ([]Key, error) {
	all, err := agentKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range fileKeys(home) {
		same := slices.IndexFunc(all, func(k Key) bool { return k.Fingerprint() == one.Fingerprint() })
		if same >= 0 {
			all[same].Path = one.Path
			continue
		}
		all = append(all, one)
	}
	rank := map[Kind]int{FIDO: 0, Card: 1, Software: 2}
	slices.SortStableFunc(all, func(a, b Key) int { return rank[a.Kind] - rank[b.Kind] })
	return all, nil
}
