package vaultauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority issues the server's certificate and those of clients.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	text string // PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.text = a.issue(template, template)
	return a
}

func (a *authority) issue(template, by *x509.Certificate) (*x509.Certificate, string) {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, by, a.key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// leaf is a certificate with these names; Vault wants a common name.
func (a *authority) leaf(names map[string]string) (*x509.Certificate, string) {
	a.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: names["commonName"]}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if template.Subject.CommonName == "" {
		template.Subject.CommonName = "somebody"
	}
	if names["dns"] != "" {
		template.DNSNames = []string{names["dns"]}
	}
	if names["email"] != "" {
		template.EmailAddresses = []string{names["email"]}
	}
	if names["uri"] != "" {
		template.URIs = []*url.URL{{Scheme: "test", Opaque: names["uri"]}}
	}
	if names["unit"] != "" {
		template.Subject.OrganizationalUnit = []string{names["unit"]}
	}
	if names["organization"] != "" {
		template.Subject.Organization = []string{names["organization"]}
	}
	return a.issue(template, a.cert)
}

// files of the server's certificate and key.
func (a *authority) files(dir string) (cert, key string) {
	a.t.Helper()
	_, text := a.leaf(map[string]string{"dns": "localhost"})
	der, err := x509.MarshalECPrivateKey(a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, content := range map[string]string{cert: text, key: string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return cert, key
}

// client shows a certificate with these names.
func (a *authority) client(names map[string]string) *http.Client {
	leaf, _ := a.leaf(names)
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: roots, MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: a.key}},
	}}}
}
