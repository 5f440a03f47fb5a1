package vaultinstall

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// publisher is a made-up publisher with a key of its own and a server.
type publisher struct {
	entity *openpgp.Entity
	files  map[string][]byte
	server *httptest.Server
}

const archiveName = "vault_1.21.1_linux_amd64.zip"

func newPublisher(t *testing.T, config *packet.Config) *publisher {
	entity, err := openpgp.NewEntity("publisher", "", "p@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	p := &publisher{entity: entity, files: map[string][]byte{}}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := p.files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Write(content)
	}))
	t.Cleanup(p.server.Close)
	p.files[archiveName] = archived(t, "vault", "the program")
	p.sign(t, fmt.Sprintf("%x  %s\n", sha256.Sum256(p.files[archiveName]), archiveName), entity, config)
	return p
}

func archived(t *testing.T, name, content string) []byte {
	var out bytes.Buffer
	writer := zip.NewWriter(&out)
	file, err := writer.Create(name)
	if err == nil {
		_, err = file.Write([]byte(content))
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (p *publisher) fingerprint() string {
	return strings.ToUpper(hex.EncodeToString(p.entity.PrimaryKey.Fingerprint))
}

// sign publishes sums with a signature by signer.
func (p *publisher) sign(t *testing.T, sums string, signer *openpgp.Entity, config *packet.Config) {
	var signature bytes.Buffer
	if err := openpgp.DetachSign(&signature, signer, strings.NewReader(sums), config); err != nil {
		t.Fatal(err)
	}
	p.files["vault_1.21.1_SHA256SUMS"] = []byte(sums)
	p.files["vault_1.21.1_SHA256SUMS."+p.fingerprint()[32:]+".sig"] = signature.Bytes()
}

func (p *publisher) release(t *testing.T) Release {
	var key bytes.Buffer
	writer, err := armor.Encode(&key, openpgp.PublicKeyType, nil)
	if err == nil {
		err = p.entity.Serialize(writer)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return Release{Version: "1.21.1", Base: p.server.URL, Key: key.Bytes(), Fingerprint: p.fingerprint(), Client: p.server.Client(), Received: func(int64, int64) {}}
}

func wantNothing(t *testing.T, r Release, why string) {
	t.Helper()
	folder := t.TempDir()
	_, err := r.Download(context.Background(), "linux", "amd64", folder)
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%v, want one about %q", err, why)
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("%v was written", left)
	}
}

func TestDownload(t *testing.T) {
	p, folder := newPublisher(t, nil), t.TempDir()
	path, err := p.release(t).Download(context.Background(), "linux", "amd64", folder)
	if err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(path)
	info, _ := os.Stat(path)
	if string(content) != "the program" || info.Mode().Perm()&0o111 == 0 || path != filepath.Join(folder, "vault") {
		t.Errorf("%q, mode %v", content, info.Mode())
	}
}

func TestAttackArchiveWasChanged(t *testing.T) {
	p := newPublisher(t, nil)
	p.files[archiveName] = archived(t, "vault", "another program")
	wantNothing(t, p.release(t), "SHA-256")
}

func TestAttackSumsWereChanged(t *testing.T) {
	p := newPublisher(t, nil)
	p.files[archiveName] = archived(t, "vault", "another program")
	p.files["vault_1.21.1_SHA256SUMS"] = fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(p.files[archiveName]), archiveName)
	wantNothing(t, p.release(t), "not signed by the publisher")
}

func TestAttackSignedBySomebodyElse(t *testing.T) {
	p, other := newPublisher(t, nil), newPublisher(t, nil)
	p.sign(t, string(p.files["vault_1.21.1_SHA256SUMS"]), other.entity, nil)
	wantNothing(t, p.release(t), "not signed by the publisher")
}

func TestAttackKeyWasReplaced(t *testing.T) {
	p, other := newPublisher(t, nil), newPublisher(t, nil)
	forged := other.release(t)
	forged.Fingerprint = p.fingerprint()
	other.files["vault_1.21.1_SHA256SUMS."+p.fingerprint()[32:]+".sig"] = other.files["vault_1.21.1_SHA256SUMS."+other.fingerprint()[32:]+".sig"]
	wantNothing(t, forged, "must have "+p.fingerprint())
}

func TestAttackKeyExpired(t *testing.T) {
	then := time.Now().Add(-48 * time.Hour)
	p := newPublisher(t, &packet.Config{KeyLifetimeSecs: 3600, Time: func() time.Time { return then }})
	wantNothing(t, p.release(t), "not signed by the publisher")
}

func TestAttackSumsNameTheFileTwice(t *testing.T) {
	p := newPublisher(t, nil)
	line := fmt.Sprintf("%x  %s\n", sha256.Sum256(p.files[archiveName]), archiveName)
	p.sign(t, strings.Repeat("0", 64)+"  "+archiveName+"\n"+line, p.entity, nil)
	wantNothing(t, p.release(t), "twice")
}

func TestSumsWithoutThePlatform(t *testing.T) {
	p := newPublisher(t, nil)
	p.sign(t, strings.Repeat("0", 64)+"  vault_1.21.1_plan9_amd64.zip\n", p.entity, nil)
	wantNothing(t, p.release(t), "do not name")
}

func TestNoSignature(t *testing.T) {
	p := newPublisher(t, nil)
	delete(p.files, "vault_1.21.1_SHA256SUMS."+p.fingerprint()[32:]+".sig")
	wantNothing(t, p.release(t), "404")
}

func TestArchiveWithoutTheProgram(t *testing.T) {
	p := newPublisher(t, nil)
	p.files[archiveName] = archived(t, "../vault", "x")
	p.sign(t, fmt.Sprintf("%x  %s\n", sha256.Sum256(p.files[archiveName]), archiveName), p.entity, nil)
	wantNothing(t, p.release(t), "no file vault")
}

// The key that is embedded is HashiCorp's, by the fingerprint that stands
// beside it, and has not expired.
func TestEmbeddedKey(t *testing.T) {
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(hashicorpKey))
	if err != nil || len(ring) != 1 {
		t.Fatal(len(ring), err)
	}
	if got := strings.ToUpper(hex.EncodeToString(ring[0].PrimaryKey.Fingerprint)); got != hashicorpFingerprint {
		t.Errorf("fingerprint %s", got)
	}
	if _, ok := ring[0].SigningKey(time.Now()); !ok {
		t.Error("no key in it signs today")
	}
}

// gpg is the other reader of signatures: what it makes is taken here.
func TestSignatureOfGPG(t *testing.T) {
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip("no gpg")
	}
	home, err := os.MkdirTemp("", "g") // short: gpg makes a socket there
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	gpg := func(input string, args ...string) []byte {
		command := exec.Command("gpg", append([]string{"--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
		command.Stdin = strings.NewReader(input)
		out, err := command.Output()
		if err != nil {
			t.Fatalf("gpg %v: %v", args, err)
		}
		return out
	}
	defer exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
	gpg("", "--quick-generate-key", "p@example.com", "rsa3072", "sign", "1d")
	key := gpg("", "--armor", "--export", "p@example.com")
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(key))
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := strings.ToUpper(hex.EncodeToString(ring[0].PrimaryKey.Fingerprint))
	signature := gpg("sums", "--detach-sign")
	if err := verify(key, fingerprint, []byte("sums"), signature); err != nil {
		t.Error(err)
	}
	if err := verify(key, fingerprint, []byte("Sums"), signature); err == nil {
		t.Error("another text is signed too")
	}
}
