package render

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// folder reads a folder of the disk as a commit would hold it.
func folder(t *testing.T, root string) Tree {
	t.Helper()
	tree := Tree{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		tree[filepath.ToSlash(inside)], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func demo(t *testing.T) Tree { return folder(t, filepath.Join("..", "..", "testdata", "repository")) }

func mustRender(t *testing.T, tree Tree, overlay string, images ...Image) *Rendered {
	t.Helper()
	rendered, err := Kustomize(tree, overlay, images)
	if err != nil {
		t.Fatal(err, fault.Hints(err))
	}
	return rendered
}

func (r *Rendered) get(t *testing.T, kind, name string) *unstructured.Unstructured {
	t.Helper()
	object := r.Object(kind, name)
	if object == nil {
		t.Fatalf("no %s %s among %d objects", kind, name, len(r.Objects))
	}
	return object
}

func images(object *unstructured.Unstructured) []string {
	var all []string
	eachImage(object.Object, func(holder map[string]any, key string) { all = append(all, holder[key].(string)) })
	return all
}

func TestDemoOverlays(t *testing.T) {
	for overlay, want := range map[string]struct {
		namespace string
		replicas  int64
	}{
		"docker/kustomize/overlays/staging": {"clawql-staging", 1},
		"docker/kustomize/overlays/prod/":   {"clawql", 2},
	} {
		t.Run(overlay, func(t *testing.T) {
			rendered := mustRender(t, demo(t), overlay, Image{"clawql-mcp", "127.0.0.1:5000/clawql-mcp", digest})
			rendered.get(t, "Namespace", want.namespace)
			deployment := rendered.get(t, "Deployment", "clawql-mcp-http")
			if deployment.GetNamespace() != want.namespace {
				t.Errorf("namespace %q, want %q", deployment.GetNamespace(), want.namespace)
			}
			if got := images(deployment); len(got) != 1 || got[0] != "127.0.0.1:5000/clawql-mcp@"+digest {
				t.Errorf("images %v", got)
			}
			replicas, _, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas")
			if replicas != want.replicas || len(rendered.Unused) != 0 {
				t.Errorf("replicas %d, unused %v", replicas, rendered.Unused)
			}
		})
	}
}

func upstream(t *testing.T) Tree {
	t.Helper()
	root := os.Getenv("CLAWQL_UPSTREAM")
	if root == "" {
		t.Skip("CLAWQL_UPSTREAM names no copy of upstream's manifests")
	}
	tree := Tree{}
	for name, content := range folder(t, filepath.Join(root, "kustomize")) {
		tree["docker/kustomize/"+name] = content
	}
	return tree
}

func TestUpstream(t *testing.T) {
	tree := upstream(t)
	for _, overlay := range []string{"dev", "prod", "grpc-enabled"} {
		rendered := mustRender(t, tree, "docker/kustomize/overlays/"+overlay, Image{"clawql-mcp", "registry.example/mcp", digest})
		if got := images(rendered.get(t, "Deployment", "clawql-mcp-http")); got[0] != "registry.example/mcp@"+digest {
			t.Errorf("%s: %v", overlay, got)
		}
	}
	_, err := Kustomize(tree, "docker/kustomize/overlays/local", nil) // its last patch is generated, not committed
	if fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), "patch-mcp-vault-hostpath.json") {
		t.Errorf("local: %v", err)
	}
	tagged := mustRender(t, tree, "docker/kustomize/overlays/prod")
	object := tagged.get(t, "Deployment", "clawql-mcp-http")
	at := tagged.Locate(object, []string{"spec", "template", "spec", "containers", "[name=clawql-mcp-http]", "image"}, "clawql-mcp:prod")
	if at.String() != "docker/kustomize/overlays/prod/kustomization.yaml:14" {
		t.Errorf("the tag is at %s", at)
	}
}

func TestInputIsNotChanged(t *testing.T) {
	tree, before := demo(t), demo(t)
	mustRender(t, tree, "docker/kustomize/overlays/prod")
	if len(tree) != len(before) {
		t.Fatalf("%d files became %d", len(before), len(tree))
	}
	for name, content := range before {
		if string(tree[name]) != string(content) {
			t.Errorf("%s changed", name)
		}
	}
}

func TestImageMappings(t *testing.T) {
	for ref, want := range map[string]string{
		"mcp": "mcp", "mcp:1": "mcp", "host:5000/mcp": "host:5000/mcp", "host:5000/mcp:1": "host:5000/mcp",
		"ghcr.io/a/mcp:1@" + digest: "ghcr.io/a/mcp", "mcp@" + digest: "mcp",
	} {
		if got := repository(ref); got != want {
			t.Errorf("repository(%q) = %q, want %q", ref, got, want)
		}
	}
	rendered := mustRender(t, one(`
containers: [{name: a, image: "mcp:1"}, {name: b, image: "other/mcp:1"}]
initContainers: [{name: c, image: "mcp@`+digest+`"}]
volumes: [{name: v, image: {reference: "mcp:2"}}]`), "o", Image{"mcp", "", digest}, Image{"absent", "x", digest})
	got := strings.Join(images(rendered.Objects[0]), " ")
	if strings.Count(got, "mcp@"+digest) != 3 || !strings.Contains(got, "other/mcp:1") {
		t.Errorf("images: %s", got)
	}
	if len(rendered.Unused) != 1 || rendered.Unused[0].Name != "absent" {
		t.Errorf("unused: %v", rendered.Unused)
	}
}

// one is a tree with one pod whose spec is given.
func one(spec string) Tree {
	return Tree{
		"o/kustomization.yaml": []byte("resources: [pod.yaml]\n"),
		"o/pod.yaml": []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  " +
			strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n  ") + "\n"),
	}
}

func BenchmarkRender(b *testing.B) {
	tree := one("containers: []")
	for b.Loop() {
		if _, err := Kustomize(tree, "o", nil); err != nil {
			b.Fatal(err)
		}
	}
}
