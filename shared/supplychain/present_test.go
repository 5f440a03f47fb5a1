package supplychain

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestPresent(t *testing.T) {
	s := newServer(t)
	c := NewClient(0)
	img, idx := s.push("acme/mcp:v1", image(t)), s.pushIndex("acme/multi:v1", index(t))
	got, err := c.Present(t.Context(), img)
	if err != nil || got.Digest != digestOf(img) || !slices.Equal(got.Platforms, []string{"linux/amd64"}) || got.Size == 0 || !strings.Contains(got.MediaType, "manifest") {
		t.Errorf("image: %+v, %v", got, err)
	}
	got, err = c.Present(t.Context(), idx)
	if err != nil || !slices.Equal(got.Platforms, []string{"linux/amd64", "linux/arm64"}) || !strings.Contains(got.MediaType, "index") {
		t.Errorf("index: %+v, %v", got, err)
	}
	withTag := strings.Replace(img, "@", ":other@", 1) // the digest counts, the tag does not
	if _, err := c.Present(t.Context(), withTag); err != nil {
		t.Errorf("tag and digest: %v", err)
	}
	digest, err := c.Digest(t.Context(), s.host+"/acme/mcp:v1")
	if err != nil || digest != digestOf(img) {
		t.Errorf("the tag's digest: %s, %v", digest, err)
	}
}

func digestOf(ref string) string { return ref[strings.IndexByte(ref, '@')+1:] }

func TestNotThere(t *testing.T) {
	s := newServer(t)
	img := s.push("acme/mcp:v1", image(t))
	c := NewClient(0)
	for name, ref := range map[string]string{
		"other digest":     img[:len(img)-64] + strings.Repeat("0", 64),
		"other repository": strings.Replace(img, "acme/mcp", "acme/other", 1),
	} {
		_, err := c.Present(t.Context(), ref)
		if fault.Code(err) != fault.CodeNo || !strings.Contains(err.Error(), "is not in its registry") || len(fault.Hints(err)) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Present(t.Context(), s.host+"/acme/mcp:v1"); fault.Code(err) != fault.CodeUsage {
		t.Errorf("a tag is present: %v", err)
	}
	if _, err := c.Digest(t.Context(), s.host+"/acme/mcp:none"); fault.Code(err) != fault.CodeNo {
		t.Errorf("a tag that is not there: %v", err)
	}
}

func TestIndexWithoutItsImages(t *testing.T) {
	s := newServer(t)
	ref := s.pushIndex("acme/multi:v1", index(t))
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/manifests/") && !strings.Contains(r.URL.Path, digestOf(ref)) {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	_, err := NewClient(0).Present(t.Context(), ref)
	if fault.Code(err) != fault.CodeNo || !strings.Contains(err.Error(), "its manifest for linux/") {
		t.Errorf("%v", err)
	}
}

// What a registry, or somebody between, can answer instead of the image.
func TestRegistryThatLies(t *testing.T) {
	s := newServer(t)
	good, other := image(t), image(t)
	ref := s.push("acme/mcp:v1", good)
	otherManifest, err := other.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	goodManifest, _ := good.RawManifest()
	answer := func(body []byte, mediaType, digest string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("Docker-Content-Digest", digest)
			w.Write(body)
			return true
		}
	}
	const docker = "application/vnd.docker.distribution.manifest.v2+json"
	tests := map[string]func(http.ResponseWriter, *http.Request) bool{
		"other image":                       answer(otherManifest, docker, sum(otherManifest)),
		"other image, digest claimed":       answer(otherManifest, docker, digestOf(ref)),
		"other image as a signed schema 1":  answer(otherManifest, "application/vnd.docker.distribution.manifest.v1+prettyjws", digestOf(ref)),
		"empty":                             answer(nil, docker, digestOf(ref)),
		"one byte more":                     answer(append(goodManifest, '\n'), docker, digestOf(ref)),
		"right bytes, called an index":      answer(goodManifest, "application/vnd.oci.image.index.v1+json", digestOf(ref)),
		"right bytes, called a signed one":  answer(goodManifest, "application/vnd.docker.distribution.manifest.v1+prettyjws", digestOf(ref)),
		"right bytes, called something":     answer(goodManifest, "text/html", digestOf(ref)),
		"configuration of another image":    swapBlobs(t, s, good, other),
		"sign-in page instead of an answer": answer([]byte("<html>log in</html>"), "text/html", ""),
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			s.before = before
			d, err := NewClient(0).Present(t.Context(), ref)
			if err == nil {
				t.Errorf("taken for %+v", d)
			}
		})
	}
}

func swapBlobs(t *testing.T, s *server, good, other v1.Image) func(http.ResponseWriter, *http.Request) bool {
	s.push("acme/other:v1", other)
	from, _ := good.ConfigName()
	body, err := other.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, from.String()) {
			return false
		}
		w.Write(body)
		return true
	}
}

// Manifests whose digest is right, but that are not what one deploys.
func TestOddManifests(t *testing.T) {
	s := newServer(t)
	s.push("acme/mcp:v1", image(t))
	type m = map[string]any
	blob := m{"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": "sha256:" + strings.Repeat("1", 64)}
	const oci, index = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
	for name, ref := range map[string]string{
		"image and index at once (CVE-2021-41190)": s.odd(oci, m{"schemaVersion": 2, "config": blob, "layers": []m{}, "manifests": []m{}}),
		"neither":                       s.odd(oci, m{"schemaVersion": 2}),
		"layers only":                   s.odd(oci, m{"schemaVersion": 2, "layers": []m{}}),
		"says another type":             s.odd(oci, m{"schemaVersion": 2, "mediaType": index, "config": blob, "layers": []m{}}),
		"artifact":                      s.odd(oci, m{"schemaVersion": 2, "config": m{"mediaType": "application/vnd.acme.sbom", "size": 2, "digest": blob["digest"]}, "layers": []m{}}),
		"no JSON":                       s.odd(oci, []byte("hello")),
		"configuration is not there":    s.odd(oci, m{"schemaVersion": 2, "mediaType": oci, "config": blob, "layers": []m{}}),
		"index without a platform":      s.odd(index, m{"schemaVersion": 2, "mediaType": index, "manifests": []m{}}),
		"index of attestations only":    s.odd(index, m{"schemaVersion": 2, "mediaType": index, "manifests": []m{{"mediaType": oci, "size": 1, "digest": blob["digest"], "platform": m{"os": "unknown", "architecture": "unknown"}}}}),
		"index of far too many":         s.odd(index, m{"schemaVersion": 2, "mediaType": index, "manifests": slices.Repeat([]m{{"mediaType": oci, "size": 1, "digest": blob["digest"], "platform": m{"os": "linux", "architecture": "amd64"}}}, maxChildren+1)}),
		"index that calls itself image": s.odd(index, m{"schemaVersion": 2, "mediaType": oci, "manifests": []m{}}),
	} {
		if d, err := NewClient(0).Present(t.Context(), ref); fault.Code(err) != fault.CodeNo {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

func TestCouldNotTell(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("a", 64)
	status := func(code int, body string) func(t *testing.T) (string, time.Duration) {
		return func(t *testing.T) (string, time.Duration) {
			s := newServer(t)
			s.before = func(w http.ResponseWriter, r *http.Request) bool {
				w.Header().Set("Www-Authenticate", "Basic realm=x")
				w.WriteHeader(code)
				fmt.Fprint(w, body)
				return true
			}
			return s.host + "/acme/mcp" + digest, 0
		}
	}
	tests := []struct {
		name string
		make func(t *testing.T) (ref string, timeout time.Duration)
		want string
	}{
		{"refused", status(401, ""), "refuses access (401)"},
		{"forbidden", status(403, ""), "refuses access (403)"},
		{"too many requests", status(429, ""), "asks to wait"},
		{"broken", status(500, strings.Repeat("stack trace ", 1000)), "answered 500"},
		{"nobody listens", func(t *testing.T) (string, time.Duration) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			return l.Addr().String() + "/acme/mcp" + digest, 0
		}, "connection refused"},
		{"no answer", func(t *testing.T) (string, time.Duration) {
			s := newServer(t)
			s.before = func(w http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }
			return s.host + "/acme/mcp" + digest, 100 * time.Millisecond
		}, "gave no answer within 100ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ref, timeout := tt.make(t)
			_, err := NewClient(timeout).Present(t.Context(), ref)
			if fault.Code(err) != fault.CodeUnable || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 700 {
				t.Errorf("%v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewClient(0).Present(ctx, "127.0.0.1:1/a"+digest); fault.Code(err) != fault.CodeUnable {
		t.Errorf("interrupted: %v", err)
	}
}

// Credentials come from Docker's configuration, only when asked for, and are
// in no error.
func TestCredentials(t *testing.T) {
	s := newServer(t)
	ref := s.push("acme/mcp:v1", image(t))
	var right atomic.Bool
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		if user == "ann" && password == "s3cret" && right.Load() {
			return false
		}
		w.Header().Set("Www-Authenticate", "Basic realm=x")
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	config := fmt.Sprintf(`{"auths":{%q:{"username":"ann","password":"s3cret"}}}`, s.host)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c := NewClient(0)
	if _, err := c.Present(t.Context(), ref); err == nil || strings.Contains(fmt.Sprint(err, fault.Hints(err)), "s3cret") {
		t.Errorf("refused: %v", err)
	}
	right.Store(true)
	if _, err := c.Present(t.Context(), ref); err != nil {
		t.Errorf("admitted: %v", err)
	}
}

func TestBrokenDockerConfig(t *testing.T) {
	s := newServer(t)
	ref := s.push("acme/mcp:v1", image(t))
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths": "s3cret`), 0o600)
	if _, err := NewClient(0).Present(t.Context(), ref); fault.Code(err) != fault.CodeUnable || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
}

// Plain HTTP, and with it any credentials, goes to the loopback interface only:
// not to private addresses or .local names either, and not after a redirect.
func TestPlainHTTPStaysOnThisMachine(t *testing.T) {
	var asked []string
	next := roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		return nil, fmt.Errorf("not in this test")
	})
	c := NewClient(time.Second)
	c.base = httpsOnly{next}
	for _, host := range []string{"10.0.0.7:5000", "registry.local:5000", "192.168.1.1", "ghcr.io", "localhost.evil.example"} {
		_, err := c.Present(t.Context(), host+"/a@sha256:"+strings.Repeat("a", 64))
		if fault.Code(err) != fault.CodeUnable {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, url := range asked {
		if !strings.HasPrefix(url, "https://") {
			t.Errorf("asked %s", url)
		}
	}
	if len(asked) == 0 {
		t.Error("nobody was asked")
	}
	s := newServer(t)
	ref := s.push("acme/mcp:v1", image(t))
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, "http://10.0.0.7"+r.URL.Path, http.StatusTemporaryRedirect)
		return true
	}
	if _, err := NewClient(2*time.Second).Present(t.Context(), ref); err == nil || !strings.Contains(err.Error(), "plain HTTP is only used") {
		t.Errorf("redirect: %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTidy(t *testing.T) {
	for in, want := range map[string]string{
		"GET https://u:p@h/v2/?token=abc: refused":       "GET https://h/v2/? refused",
		`Get "http://h/token?account=a&password=b": EOF`: `Get "http://h/token?": EOF`,
		strings.Repeat("x", 400):                         strings.Repeat("x", 300) + "...",
	} {
		if got := tidy(fmt.Errorf("%s", in)); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
