package main

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// admin is how the owner of the cluster logs in.
type admin struct {
	server string
	client tls.Certificate
	token  string
}

func (a *attackedCluster) admin(t *testing.T) (who admin) {
	t.Helper()
	var config struct {
		Clusters []struct{ Cluster struct{ Server string } }
		Users    []struct {
			User struct {
				Token string
				Cert  string `json:"client-certificate-data"`
				Key   string `json:"client-key-data"`
			}
		}
	}
	if err := json.Unmarshal([]byte(a.must("kubectl", "config", "view", "--raw", "--minify", "--flatten", "-o", "json")), &config); err != nil {
		t.Fatal(err)
	}
	user := config.Users[0].User
	who.server, who.token = config.Clusters[0].Cluster.Server, user.Token
	if user.Cert != "" {
		cert, err1 := base64.StdEncoding.DecodeString(user.Cert)
		key, err2 := base64.StdEncoding.DecodeString(user.Key)
		pair, err3 := tls.X509KeyPair(cert, key)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		who.client = pair
	}
	return who
}

// proxy is a server between the command and the real API server; meddle may
// answer by itself (true), or change what comes back.
func (a *attackedCluster) proxy(t *testing.T, meddle func(w http.ResponseWriter, r *http.Request) bool) (config string) {
	t.Helper()
	who := a.admin(t)
	target, err := url.Parse(who.server)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	transport := &tls.Config{InsecureSkipVerify: true} // the loopback of this test
	if who.client.Certificate != nil {
		transport.Certificates = []tls.Certificate{who.client}
	}
	forward.Transport = &http.Transport{TLSClientConfig: transport, ForceAttemptHTTP2: true}
	forward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) { w.WriteHeader(http.StatusBadGateway) }
	director := forward.Director
	forward.Director = func(r *http.Request) {
		director(r)
		r.Header.Del("Authorization")
		r.Header.Del("Accept-Encoding")
		if who.token != "" {
			r.Header.Set("Authorization", "Bearer "+who.token)
		}
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !meddle(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	config = filepath.Join(t.TempDir(), "kubeconfig")
	put(t, config, fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]\nusers: [{name: u, user: {token: %s}}]\ncontexts: [{name: %s, context: {cluster: c, user: u}}]\n",
		server.URL, a.values.value("proxy token", "both"), a.context))
	return config
}

// secretsOf says whether a request is for the Secrets of a namespace.
func secretsOf(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/secrets") }

func reply(w http.ResponseWriter, code int, body string) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
	return true
}

func status(code int, reason string) string {
	return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","reason":%q,"code":%d,"message":"no"}`, reason, code)
}

// proxied lets a proxy lie in every way; the sides are one namespace twice, so
// that only what was not seen can make a difference.
func (a *attackedCluster) proxied(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	stall := func(r *http.Request) bool {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
		return true
	}
	on := func(path string, do func(w http.ResponseWriter, r *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, path) && do(w, r)
		}
	}
	text := func(code int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { return reply(w, code, body) }
	}
	for _, one := range []struct {
		name   string
		meddle func(http.ResponseWriter, *http.Request) bool
		code   int
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) bool { return false }, 0},
		{"slow", func(_ http.ResponseWriter, r *http.Request) bool { time.Sleep(20 * time.Millisecond); return false }, 0},
		{"Secrets: 500", on("/secrets", text(500, status(500, "InternalError"))), 3},
		{"Secrets: 500 of HTML", on("/secrets", text(500, "<html>no</html>")), 3},
		{"Secrets: 502", on("/secrets", text(502, "bad gateway")), 3},
		{"Secrets: 503", on("/secrets", text(503, status(503, "ServiceUnavailable"))), 3},
		{"Secrets: 504", on("/secrets", text(504, status(504, "Timeout"))), 3},
		{"Secrets: 410", on("/secrets", text(410, status(410, "Expired"))), 3},
		{"Secrets: 401", on("/secrets", text(401, status(401, "Unauthorized"))), 3},
		{"Secrets: 403", on("/secrets", text(403, status(403, "Forbidden"))), 3},
		{"Secrets: 404", on("/secrets", text(404, status(404, "NotFound"))), 3},
		{"Secrets: 405", on("/secrets", text(405, status(405, "MethodNotAllowed"))), 3},
		{"Secrets: 418", on("/secrets", text(418, "teapot")), 3},
		{"Secrets: 302 to elsewhere", on("/secrets", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/nowhere", http.StatusFound)
			return true
		}), 3},
		{"Secrets: 204", on("/secrets", text(204, "")), 3},
		{"Secrets: empty body", on("/secrets", text(200, "")), 3},
		{"Secrets: HTML", on("/secrets", text(200, "<html>log in</html>")), 3},
		{"Secrets: {}", on("/secrets", text(200, "{}")), 3},
		{"Secrets: null", on("/secrets", text(200, "null")), 3},
		{"Secrets: a Status of 200", on("/secrets", text(200, status(403, "Forbidden"))), 3},
		{"Secrets: a Pod", on("/secrets", text(200, `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}}`)), 3},
		{"Secrets: a list of another group", on("/secrets", text(200, `{"kind":"SecretList","apiVersion":"apps/v1","metadata":{},"items":[]}`)), 3},
		{"Secrets: cut JSON", on("/secrets", text(200, `{"kind":"SecretList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"`)), 3},
		{"Secrets: a length that lies", on("/secrets", func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Length", "100000")
			return reply(w, 200, `{"kind":"SecretList","apiVersion":"v1","metadata":{},"items":[]}`)
		}), 3},
		{"Secrets: a page that leads to itself", on("/secrets", text(200, `{"kind":"SecretList","apiVersion":"v1","metadata":{"continue":"again"},"items":[]}`)), 3},
		{"Secrets: a page, then 410", on("/secrets", func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("continue") != "" {
				return reply(w, 410, status(410, "Expired"))
			}
			return reply(w, 200, `{"kind":"SecretList","apiVersion":"v1","metadata":{"continue":"more"},"items":[]}`)
		}), 3},
		{"Secrets: no answer", on("/secrets", func(_ http.ResponseWriter, r *http.Request) bool { return stall(r) }), 3},
		{"Secrets: half an answer", on("/secrets", func(w http.ResponseWriter, r *http.Request) bool {
			reply(w, 200, `{"kind":"SecretList","apiVersion":"v1",`)
			w.(http.Flusher).Flush()
			return stall(r)
		}), 3},
		{"Secrets: come again in an hour", on("/secrets", func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "3600")
			return reply(w, 429, status(429, "TooManyRequests"))
		}), 3},
		{"discovery: no answer", on("/apis", func(_ http.ResponseWriter, r *http.Request) bool { return stall(r) }), 3},
		{"discovery: come again in an hour", on("/apis", func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "3600")
			return reply(w, 429, status(429, "TooManyRequests"))
		}), 3},
		{"discovery: no groups", on("/apis", text(200, `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`)), 3},
		{"discovery: nothing", on("/apis", text(200, `{}`)), 3},
		{"discovery: 404", on("/apis", text(404, status(404, "NotFound"))), 3},
		{"discovery: HTML", on("/apis", text(200, `<html>`)), 3},
		{"discovery: no core", on("/api", text(200, `{"kind":"APIVersions","versions":[]}`)), 3},
		{"discovery: no core, 404", on("/api", text(404, status(404, "NotFound"))), 3},
		{"version: no answer", on("/version", func(_ http.ResponseWriter, r *http.Request) bool { return stall(r) }), 3},
		{"version: 500", on("/version", text(500, "no")), 3},
		{"namespace: another one", on("/namespaces/production", text(200, `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"elsewhere"}}`)), 3},
		{"namespace: {}", on("/namespaces/production", text(200, `{}`)), 3},
		{"namespace: a Status", on("/namespaces/production", text(200, status(403, "Forbidden"))), 3},
		{"all: HTML", text(200, "<html>log in</html>"), 3},
		{"all: {}", text(200, "{}"), 3},
	} {
		config := a.proxy(t, one.meddle)
		begun := time.Now()
		got := command("--from", a.side("production"), "--to", a.side("production"), "--kubeconfig", config, "--request-timeout", "1500ms")
		if one.code == 0 && got.code != 0 {
			t.Errorf("%s: exit %d\n%.600s", one.name, got.code, got.all())
		}
		if one.code != 0 && (got.code != one.code || strings.Contains(got.out, "equal: ") || !strings.HasPrefix(got.err, "kubectl clawql drift: error: ")) {
			t.Errorf("%s: exit %d\n%.600s", one.name, got.code, got.all())
		}
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("%s takes %v", one.name, took)
		}
		a.values.none(t, one.name, got.all())
		line, _, _ := strings.Cut(strings.TrimPrefix(got.err, "kubectl clawql drift: "), "\n")
		t.Logf("%-40s exit %d, %.1f s  %.110s", one.name, got.code, time.Since(begun).Seconds(), line)
	}
}

// moments cuts the connection at each moment of a reading: at its first answer,
// its second, and so on.
func (a *attackedCluster) moments(t *testing.T) {
	var asked, last atomic.Int64
	config := a.proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if asked.Add(1) < last.Load() {
			return false
		}
		panic(http.ErrAbortHandler)
	})
	last.Store(1 << 40)
	if got := command("--from", a.side("production"), "--to", a.side("production"), "--kubeconfig", config); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	whole := asked.Load()
	cuts := 0
	for at := int64(1); at <= whole; at += max(1, whole/8) {
		asked.Store(0)
		last.Store(at)
		got := command("--from", a.side("production"), "--to", a.side("production"), "--kubeconfig", config, "--request-timeout", "1s")
		if got.code != 3 || strings.Contains(got.out, "equal: ") {
			t.Errorf("cut at request %d of %d: exit %d\n%.600s", at, whole, got.code, got.all())
		}
		a.values.none(t, "cut", got.all())
		cuts++
	}
	t.Logf("cut at %d of %d requests: always exit 3", cuts, whole)
}

// expired uses a token that is none any more.
func (a *attackedCluster) expired(t *testing.T) {
	config := filepath.Join(t.TempDir(), "kubeconfig")
	token := a.values.value("old token", "both")
	put(t, config, fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]\nusers: [{name: u, user: {token: %s}}]\ncontexts: [{name: %s, context: {cluster: c, user: u}}]\n", a.admin(t).server, token, a.context))
	for _, args := range [][]string{
		{"--from", a.side("staging"), "--to", a.side("production")}, {"snapshot", a.side("staging"), "-o", "never.snap", "--unsigned"}, {"rbac", a.side("staging")}, {"fix", "--from", a.side("staging"), "--to", a.side("production")},
	} {
		got := a.loud(append(args, "--kubeconfig", config)...)
		if got.code != 3 || !strings.Contains(got.out, "does not know who asks") || !strings.Contains(got.out, "hint: log in again") {
			t.Errorf("%v: %+v", args, got)
		}
		a.values.none(t, "an expired token", got.out)
	}
	if _, err := os.Stat("never.snap"); err == nil {
		t.Error("a snapshot of nothing was written")
	}
}
