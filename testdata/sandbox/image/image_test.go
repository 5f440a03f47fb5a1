package image

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func recipe(t *testing.T, content string) Recipe {
	t.Helper()
	file := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return Recipe{Binary: file, Entrypoint: "/app", Env: []string{"A=1"}, Ports: []string{"8080/tcp"}}
}

func digest(t *testing.T, r Recipe) string {
	t.Helper()
	img, err := Build(r)
	if err != nil {
		t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// The digest depends on content and settings, not on when or from which file it was built.
func TestSameInputSameDigest(t *testing.T) {
	first := digest(t, recipe(t, "x"))
	time.Sleep(10 * time.Millisecond)
	if second := digest(t, recipe(t, "x")); second != first {
		t.Errorf("digests %s and %s of the same input", first, second)
	}
	other := recipe(t, "x")
	other.Env = []string{"A=2"}
	if digest(t, other) == first || digest(t, recipe(t, "y")) == first {
		t.Error("different images have one digest")
	}
}

func TestPushedImageIsComplete(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	img, err := Build(recipe(t, "the program"))
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(server.URL, "http://")
	reference, err := Push(context.Background(), img, host, "team/app", "1.0")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := name.NewDigest(reference)
	if err != nil {
		t.Fatalf("%q is no reference by digest: %v", reference, err)
	}
	pulled, err := remote.Image(parsed)
	if err != nil {
		t.Fatal(err)
	}
	config, err := pulled.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != User || config.OS != "linux" || config.Config.Entrypoint[0] != "/app" || config.Config.Env[0] != "A=1" {
		t.Errorf("config %+v", config.Config)
	}
	if got := content(t, pulled, "app"); got != "the program" {
		t.Errorf("the binary holds %q", got)
	}
}

// content unpacks one file of the image's only layer.
func content(t *testing.T, img v1.Image, want string) string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	stream, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for r := tar.NewReader(stream); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("no %s in the layer", want)
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == want {
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
	}
}
