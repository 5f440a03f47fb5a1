package supplygate

import (
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/supplychain"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "clawql-home-")
	if err != nil {
		panic(err)
	}
	os.Setenv("HOME", home) // no credentials of the machine
	code := m.Run()
	os.RemoveAll(home)
	os.Exit(code)
}

// newRegistry is a real registry with one image; it returns the image's
// repository and digest.
func newRegistry(t *testing.T) (repo, digest string) {
	t.Helper()
	web := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(web.Close)
	tag, err := name.NewTag(strings.TrimPrefix(web.URL, "http://") + "/acme/mcp:v1")
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		t.Fatal(err)
	}
	hash, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return tag.Context().Name(), hash.String()
}

func TestGate(t *testing.T) {
	repo, digest := newRegistry(t)
	good := repo + "@" + digest
	absent := repo + "@sha256:" + strings.Repeat("0", 64)
	away := "127.0.0.1:1/a@" + digest
	tests := []struct {
		name   string
		images []ImageUse
		want   gate.Verdict
		says   []string
	}{
		{"one by digest", []ImageUse{{good, "deploy/prod.yaml:11"}}, gate.Passed, []string{"1 image by digest", "linux/amd64 (deploy/prod.yaml:11)"}},
		{"the same twice", []ImageUse{{good, "a:1"}, {good, "b:2"}, {good, "b:2"}}, gate.Passed, []string{"1 image by digest", "(a:1, b:2)"}},
		{"two names", []ImageUse{{good, ""}, {strings.Replace(good, "@", ":v1@", 1), ""}}, gate.Passed, []string{"2 images by digest"}},
		{"a tag", []ImageUse{{repo + ":v1", "deploy/prod.yaml:11"}}, gate.Failed,
			[]string{"is a tag; production takes digests (deploy/prod.yaml:11)", "kustomize edit set image " + good + "   (today the tag is " + digest + ")"}},
		{"no tag at all", []ImageUse{{repo, ""}}, gate.Failed, []string{"is a tag; production takes digests", "could not be told"}},
		{"absent", []ImageUse{{absent, ""}}, gate.Failed, []string{"is not in its registry"}},
		{"nonsense", []ImageUse{{"A B", ""}}, gate.Failed, []string{"is no image reference"}},
		{"registry away", []ImageUse{{away, ""}}, gate.CouldNotRun, []string{"connection refused"}},
		{"absent, and a registry away", []ImageUse{{away, ""}, {absent, ""}}, gate.Failed, []string{"is not in its registry", "connection refused"}},
		{"one good, one away", []ImageUse{{good, ""}, {away, ""}}, gate.CouldNotRun, []string{"connection refused", "linux/amd64"}},
		{"one good, one tag", []ImageUse{{good, ""}, {repo + ":v1", ""}}, gate.Failed, []string{"is a tag"}},
		{"none", nil, gate.CouldNotRun, []string{"there is no image"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := New(tt.images, supplychain.NewClient(5*time.Second))
			r := gate.RunAll(t.Context(), time.Now, []gate.Gate{g})[0]
			shown, err := json.Marshal(r)
			if err != nil || r.Verdict != tt.want || r.Gate != Name {
				t.Errorf("verdict %q of %q, %v", r.Verdict, r.Gate, err)
			}
			for _, text := range tt.says {
				if !strings.Contains(string(shown), text) {
					t.Errorf("nothing says %q in %s", text, shown)
				}
			}
		})
	}
}
