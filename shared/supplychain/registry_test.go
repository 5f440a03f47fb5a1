package supplychain

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "clawql-home-")
	if err != nil {
		panic(err)
	}
	os.Setenv("HOME", home) // no credentials of the machine
	os.Unsetenv("DOCKER_CONFIG")
	os.Unsetenv("REGISTRY_AUTH_FILE")
	code := m.Run()
	os.RemoveAll(home)
	os.Exit(code)
}

// server is a real registry on the loopback interface. A test may put a
// handler before it.
type server struct {
	t      *testing.T
	host   string
	before func(w http.ResponseWriter, r *http.Request) (done bool)
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t}
	real := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.before == nil || !s.before(w, r) {
			real.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(web.Close)
	s.host = strings.TrimPrefix(web.URL, "http://")
	return s
}

// image is a random image for linux/amd64.
func image(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

// push puts an image under a tag and returns its reference by digest.
func (s *server) push(repo string, img v1.Image) string {
	s.t.Helper()
	tag, err := name.NewTag(s.host + "/" + repo)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		s.t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	return tag.Context().Digest(digest.String()).Name()
}

// index is an index of two platforms and an attestation.
func index(t *testing.T) v1.ImageIndex {
	t.Helper()
	idx := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range []v1.Platform{{OS: "linux", Architecture: "arm64"}, {OS: "linux", Architecture: "amd64"}, {OS: "unknown", Architecture: "unknown"}} {
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{Add: image(t), Descriptor: v1.Descriptor{Platform: &p}})
	}
	return idx
}

func (s *server) pushIndex(repo string, idx v1.ImageIndex) string {
	s.t.Helper()
	tag, err := name.NewTag(s.host + "/" + repo)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, idx); err != nil {
		s.t.Fatal(err)
	}
	digest, err := idx.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	return tag.Context().Digest(digest.String()).Name()
}

// odd answers with any bytes as a manifest, which the real registry would not
// take, and returns the reference by digest.
func (s *server) odd(mediaType string, manifest any) string {
	s.t.Helper()
	data, ok := manifest.([]byte)
	if !ok {
		var err error
		if data, err = json.Marshal(manifest); err != nil {
			s.t.Fatal(err)
		}
	}
	next := s.before
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/manifests/"+sum(data)) {
			return next != nil && next(w, r)
		}
		w.Header().Set("Content-Type", mediaType)
		w.Write(data)
		return true
	}
	return s.host + "/acme/mcp@" + sum(data)
}
