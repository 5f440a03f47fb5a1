package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// webhook is a server of alerts that pods reach, with a certificate of an
// authority of its own, as companies have them.
type webhook struct {
	*httptest.Server
	ca     string // PEM
	lock   sync.Mutex
	bodies []string
}

func newWebhook(t *testing.T, address string) *webhook {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.ParseIP(address)},
	}
	der, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	w := &webhook{ca: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.lock.Lock()
		defer w.lock.Unlock()
		w.bodies = append(w.bodies, r.URL.Path+" "+string(body))
	}))
	w.Listener.Close()
	w.Listener = listener
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	w.StartTLS()
	t.Cleanup(w.Close)
	return w
}

func (w *webhook) port() string {
	_, port, _ := net.SplitHostPort(w.Listener.Addr().String())
	return port
}

// told gives what came since it was asked last: "reason control object".
func (w *webhook) told(t *testing.T) (list []string) {
	t.Helper()
	w.lock.Lock()
	defer w.lock.Unlock()
	for _, one := range w.bodies {
		_, text, _ := strings.Cut(one, " ")
		var body struct {
			Kind    string
			Notices []struct {
				Reason string
				Entry  struct {
					Control, Severity string
					Object            struct{ Kind, Name string }
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &body); err != nil || body.Kind != "DriftAlert" {
			t.Errorf("%v: %s", err, text)
		}
		for _, n := range body.Notices {
			list = append(list, strings.Join([]string{n.Reason, n.Entry.Severity, n.Entry.Control, n.Entry.Object.Name}, " "))
		}
	}
	w.bodies = nil
	return list
}
