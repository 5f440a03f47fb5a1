// Package fidotest builds a FIDO security key in software, a middleware
// library that the real ssh-keygen, ssh-agent and git load by SSH_SK_PROVIDER.
// It needs cc and libcrypto's headers; without them a test skips, or fails
// where CLAWQL_REQUIRE names "fido".
package fidotest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed provider/provider.c
var source []byte

// PIN is what the token asks for.
const PIN = "123456"

// Token is a security key that is plugged in.
type Token struct {
	Library string // for SSH_SK_PROVIDER
	Dir     string // of the test
	Roots   []byte // PEM, the maker's root certificate
	Env     []string
}

// New builds the library, makes the maker's certificates, and gives the
// environment in which ssh programs find the token and answer its PIN.
func New(t testing.TB) *Token {
	t.Helper()
	dir := t.TempDir()
	k := &Token{Library: filepath.Join(dir, "token.so"), Dir: dir}
	library, err := build()
	if err != nil {
		missing(t, err.Error())
	}
	must(t, os.WriteFile(k.Library, library, 0o700))
	askpass := filepath.Join(dir, "askpass")
	must(t, os.WriteFile(askpass, []byte("#!/bin/sh\necho "+PIN+"\n"), 0o700))
	k.Env = []string{
		"SSH_SK_PROVIDER=" + k.Library, "SSH_ASKPASS=" + askpass, "SSH_ASKPASS_REQUIRE=force", "FIDO_PIN=" + PIN,
		"FIDO_STORE=" + filepath.Join(dir, "store"), "FIDO_CERT=" + filepath.Join(dir, "cert.der"), "FIDO_CERT_KEY=" + filepath.Join(dir, "cert.key"),
	}
	k.Roots = certificates(t, dir)
	return k
}

// build compiles the library, once a process.
var build = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "clawql-fido-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	code, library := filepath.Join(dir, "provider.c"), filepath.Join(dir, "token.so")
	if err := os.WriteFile(code, source, 0o600); err != nil {
		return nil, err
	}
	out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-DSK_VERSION="+apiVersion(), "-o", library, code, "-lcrypto").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("build the token: %w: %s", err, out)
	}
	return os.ReadFile(library)
})

// missing skips, or fails where the test must have a token.
func missing(t testing.TB, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "fido") {
		t.Fatal(why)
	}
	t.Skip(why)
}

// apiVersion is the one that the installed OpenSSH wants (sk-api.h).
func apiVersion() string {
	out, _ := exec.Command("ssh", "-V").CombinedOutput() // no ssh: cc or ssh-keygen will say so
	match := regexp.MustCompile(`OpenSSH_(\d+)\.(\d+)`).FindSubmatch(out)
	if match == nil {
		return "0x000a0000"
	}
	major, _ := strconv.Atoi(string(match[1]))
	minor, _ := strconv.Atoi(string(match[2]))
	switch version := major*100 + minor; {
	case version < 809:
		return "0x00070000"
	case version < 902:
		return "0x00090000"
	}
	return "0x000a0000"
}

// certificates makes a root, and the certificate that keys are attested with.
func certificates(t testing.TB, dir string) (roots []byte) {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Token Root"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test Token", OrganizationalUnit: []string{"Authenticator Attestation"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "cert.der"), der, 0o600))
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "cert.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// NewKey makes a key on the token by the real ssh-keygen, and returns the path
// of its handle. The arguments go to ssh-keygen, such as "-O", "verify-required".
func (k *Token) NewKey(t testing.TB, kind string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "id_"+kind+"_sk")
	c := exec.Command("ssh-keygen", append([]string{"-q", "-t", kind + "-sk", "-N", "", "-C", "", "-f", path}, args...)...)
	c.Env = append(os.Environ(), k.Env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	return path
}
