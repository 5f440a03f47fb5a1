package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// served starts a TLS server whose certificate is valid at a time and for a name.
func served(t *testing.T, from, until time.Time, address string) (url, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.ParseIP(address)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// certificates: a clock that is wrong, a name that is another's, a CA that is
// not the server's.
func (a *attackedCluster) certificates(t *testing.T) {
	now := time.Now()
	valid, hour := now.Add(-time.Hour), time.Hour
	_, foreign := served(t, valid, now.Add(hour), "127.0.0.1")
	for name, set := range map[string]func() (string, string, string){
		"expired": func() (string, string, string) {
			u, ca := served(t, now.Add(-48*hour), valid, "127.0.0.1")
			return u, ca, "expired"
		},
		"of tomorrow": func() (string, string, string) {
			u, ca := served(t, now.Add(24*hour), now.Add(48*hour), "127.0.0.1")
			return u, ca, "not yet valid"
		},
		"of another": func() (string, string, string) {
			u, ca := served(t, valid, now.Add(hour), "127.0.0.9")
			return u, ca, "127.0.0.1"
		},
		"wrong CA": func() (string, string, string) { return a.admin(t).server, foreign, "certificate" },
	} {
		server, ca, says := set()
		config := filepath.Join(t.TempDir(), "kubeconfig")
		put(t, config, fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]\nusers: [{name: u, user: {token: %s}}]\ncontexts: [{name: %s, context: {cluster: c, user: u}}]\n",
			server, ca, a.values.value("token to nobody", "both"), a.context))
		got := a.pair("--kubeconfig", config)
		if got.code != 3 || !strings.Contains(got.out, says) {
			t.Errorf("%s: %+v", name, got)
		}
		a.values.none(t, name, got.out)
	}
}

// deleted: a namespace that a finalizer keeps half alive.
func (a *attackedCluster) deleted(t *testing.T) {
	a.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: dying}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, namespace: dying, finalizers: [example.com/never]}\n")
	a.must("kubectl", "delete", "namespace", "dying", "--wait=false")
	defer a.must("kubectl", "-n", "dying", "patch", "configmap", "kept", "--type=json", "-p", `[{"op":"remove","path":"/metadata/finalizers"}]`)
	got := a.loud("--from", a.side("dying"), "--to", a.side("dying"))
	if got.code != 3 || !strings.Contains(strings.Join(strings.Fields(got.out), " "), "namespace dying is being deleted") || strings.Contains(got.out, "equal: ") {
		t.Errorf("%+v", got)
	}
	if got := a.loud("--from", a.side("nowhere"), "--to", a.side("production")); got.code != 3 || !strings.Contains(got.out, `"nowhere" does not exist`) || !strings.Contains(got.out, "hint: ") {
		t.Errorf("%+v", got)
	}
}

// conversion: objects whose stored version only a webhook can read, and the
// webhook is down; and a kind of which no version is served any more.
func (a *attackedCluster) conversion(t *testing.T) {
	const gadgets = `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget}
  CONVERSION
  versions:
  - {name: v1, served: true, storage: FIRST, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
  - {name: v2, served: true, storage: SECOND, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`
	text := func(conversion, first, second string) string {
		return strings.NewReplacer("CONVERSION", conversion, "FIRST", first, "SECOND", second).Replace(gadgets)
	}
	a.apply(text("conversion: {strategy: None}", "true", "false"))
	a.must("kubectl", "wait", "--for=condition=Established", "crd/gadgets.example.com", "--timeout=60s")
	a.apply("apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g, namespace: production}\nspec: {password: " + a.values.value("gadget password", "both") + "}\n")
	hook := "conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: 'https://127.0.0.1:1/convert'}}}"
	a.apply(text(hook, "false", "true"))
	for tries := 0; ; tries++ {
		got := a.loud("--from", a.side("production"), "--to", a.side("production"))
		if got.code == 3 && strings.Contains(got.out, "gadgets.example.com") && !strings.Contains(got.out, "equal: ") {
			a.values.none(t, "a conversion that fails", got.out)
			return
		}
		if tries == 40 {
			t.Fatalf("exit %d\n%.1500s", got.code, got.out)
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// owned: a binding that names an owner is in force, and is found; so is a
// Deployment that names one.
func (a *attackedCluster) owned(t *testing.T) {
	uid := a.must("kubectl", "-n", "staging", "get", "configmap", "settings", "-o", "jsonpath={.metadata.uid}")
	owner := "ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: settings, uid: " + uid + ", controller: true}]"
	a.apply("apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: hidden, namespace: staging, " + owner + "}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: User, name: eve, apiGroup: rbac.authorization.k8s.io}]\n" +
		"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: hidden, namespace: staging, " + owner + "}\nspec: {replicas: 0, selector: {matchLabels: {app: hidden}}, template: {metadata: {labels: {app: hidden}}, spec: {hostNetwork: true, containers: [{name: a, image: a, securityContext: {privileged: true}}]}}}\n")
	got := a.pair("-o", "json")
	for _, want := range []string{"User", "eve", "Deployment", "hidden"} {
		if got.code != 1 || !strings.Contains(got.out, `"`+want+`"`) {
			t.Errorf("%s is hidden by an owner: exit %d", want, got.code)
		}
	}
}
