package changegate

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// signatureOf is the gpgsig header of a commit, with its last line feed.
func signatureOf(raw string) string {
	start := strings.Index(raw, "gpgsig ")
	end := strings.Index(raw, "-----END SSH SIGNATURE-----\n") + len("-----END SSH SIGNATURE-----\n")
	return raw[start:end]
}

// signAs signs raw by the real ssh-keygen in a namespace.
func signAs(t *testing.T, raw string, key *gittest.Key, namespace string) string {
	t.Helper()
	raw = strings.Replace(raw, "nobody@example.org", key.Email, -1)
	cmd := exec.Command("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key.Path)
	cmd.Stdin = strings.NewReader(raw)
	sig, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	header := "gpgsig " + strings.ReplaceAll(strings.TrimSpace(string(sig)), "\n", "\n ")
	return strings.Replace(raw, "\n\n", "\n"+header+"\n\n", 1)
}

// exchange puts the content of commit good in the place of HEAD's object.
func (w *world) exchange(t *testing.T, good string) { copyObject(t, w.Dir, good, w.Head()) }

func copyObject(t *testing.T, dir, from, to string) {
	t.Helper()
	path := func(id string) string { return filepath.Join(dir, ".git/objects", id[:2], id[2:]) }
	data, err := os.ReadFile(path(from))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path(to))
	if err := os.WriteFile(path(to), data, 0o444); err != nil {
		t.Fatal(err)
	}
}

func program(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\n%s\n", body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// agent starts a real ssh-agent that holds the key and its certificate.
func agent(t *testing.T, key string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent-") // short: the path of a socket is
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); os.RemoveAll(dir) })
	for range 100 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	add := exec.Command("ssh-add", "-q", key)
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v\n%s%s", err, out, log.String())
	}
	return socket
}
