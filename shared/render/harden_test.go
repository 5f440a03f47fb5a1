package render

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/posture"
)

var update = flag.Bool("update", false, "write the golden files anew")

func production() posture.Settings {
	return posture.Settings{
		Environment: "production", Namespace: "clawql", Deploy: 7, Version: digest,
		Owner: "platform", Team: "agents", IngressFrom: []posture.Peer{{Namespace: "clawql-gateway"}},
	}
}

// What a deploy applies for the demo's production overlay, and what its plan
// says. Run with -update after a wanted change, and read the difference.
func TestHardenedDemo(t *testing.T) {
	rendered := mustRender(t, demo(t), "docker/kustomize/overlays/prod", Image{"clawql-mcp", "registry.example/clawql-mcp", digest})
	result := posture.Harden(rendered.Objects, production())
	for _, v := range result.Violations {
		t.Errorf("%s: %s %s = %v", v.Control, v.Object, posture.FieldString(v.Field), v.Value)
	}
	golden(t, "demo-prod.yaml", manifests(t, rendered, result))
	golden(t, "demo-prod-plan.txt", plan(result))
}

func manifests(t *testing.T, rendered *Rendered, result posture.Result) string {
	t.Helper()
	var b strings.Builder
	for _, object := range append(result.Objects, posture.CanaryTwin(result.Objects, production())...) {
		raw, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "---\n%s", raw)
	}
	return b.String()
}

func plan(result posture.Result) string {
	var b strings.Builder
	for _, a := range result.Actions {
		fmt.Fprintf(&b, "%-8s %-22s %s %s: %s -> %s\n", a.Kind, a.Control, a.Object, a.Field, a.From, a.To)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it); got:\n%s", file, got)
	}
}

// Upstream's prod overlay, unchanged, needs nothing but its image mapped, and
// the plan names each thing that it lacks (issue 2).
func TestHardenedUpstream(t *testing.T) {
	tree := upstream(t)
	const overlay = "docker/kustomize/overlays/prod"
	tagged := posture.Harden(mustRender(t, tree, overlay).Objects, production())
	if len(tagged.Violations) != 1 || tagged.Violations[0].Control != posture.ImageDigest {
		t.Errorf("unmapped: %v", tagged.Violations)
	}
	result := posture.Harden(mustRender(t, tree, overlay, Image{"clawql-mcp", "registry.example/mcp", digest}).Objects, production())
	if len(result.Violations) != 0 {
		t.Errorf("mapped: %v", result.Violations)
	}
	added := map[string]bool{}
	for _, action := range result.Actions {
		added[action.Control] = added[action.Control] || action.Kind == posture.New
	}
	for _, control := range posture.Controls() {
		switch id := control.ID; id {
		case posture.ImageDigest, posture.HostNamespaces, posture.Enforcement: // mapped, or nothing to add
		default:
			if !added[id] {
				t.Errorf("the plan does not say what %s adds", id)
			}
		}
	}
}
