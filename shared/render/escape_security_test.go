package render

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Each overlay here tries to make a deploy read or run something beside the
// commit. All are refused before kustomize runs.
func TestOverlayCannotLeaveTheCommit(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
	for name, kustomization := range map[string]string{
		"https resource":           `resources: ["https://example.com/pod.yaml"]`,
		"http resource, one slash": `resources: ["http:/example.com/pod.yaml"]`,
		"git over https":           `resources: ["https://github.com/org/repo//base?ref=main"]`,
		"bare github":              `resources: ["github.com/org/repo"]`,
		"bare github, case":        `resources: ["GitHub.com/org/repo/base"]`,
		"scp form":                 `resources: ["git@host:org/repo.git"]`,
		"user at host, no colon":   `resources: ["git@host/org/repo.git//base"]`,
		"forced git":               `resources: ["git::https://host/org/repo"]`,
		"ssh":                      `resources: ["ssh://git@host/org/repo"]`,
		"file scheme":              `resources: ["file:///etc"]`,
		"old bases":                `bases: ["github.com/org/repo"]`,
		"component":                `components: ["https://github.com/org/repo"]`,
		"patch":                    `patches: [{path: "https://example.com/p.yaml"}]`,
		"old patch":                `patchesStrategicMerge: ["https://example.com/p.yaml"]`,
		"json patch":               `patchesJson6902: [{path: "https://example.com/p.yaml", target: {kind: Pod, version: v1, name: p}}]`,
		"replacement":              `replacements: [{path: "https://example.com/r.yaml"}]`,
		"crd":                      `crds: ["https://example.com/c.yaml"]`,
		"configuration":            `configurations: ["https://example.com/c.yaml"]`,
		"openapi":                  `openapi: {path: "https://example.com/o.json"}`,
		"generator file":           `configMapGenerator: [{name: a, files: ["k=https://example.com/x"]}]`,
		"generator env":            `secretGenerator: [{name: a, envs: ["https://example.com/x"]}]`,
		"absolute":                 `resources: ["/etc/passwd"]`,
		"above the repository":     `resources: ["../../outside.yaml"]`,
		"not committed":            `resources: ["local.yaml"]`,
		"empty":                    `resources: [""]`,
		"itself":                   `resources: ["../o"]`,
		"exec plugin":              `generators: [plugin.yaml]`,
		"transformer plugin":       `transformers: [plugin.yaml]`,
		"inline transformer":       "transformers: [\"apiVersion: builtin\\nkind: PatchTransformer\\nmetadata: {name: x}\\npath: https://example.com/p.yaml\"]",
		"validator plugin":         `validators: [plugin.yaml]`,
		"helm chart":               `helmCharts: [{name: c, repo: "https://example.com/charts"}]`,
		"old helm chart":           `helmChartInflationGenerator: [{chartName: c}]`,
		"unknown field":            `resourcez: [pod.yaml]`,
		"two kustomizations":       `resources: [../two]`,
	} {
		t.Run(name, func(t *testing.T) {
			tree := Tree{
				"o/kustomization.yaml":             []byte(kustomization + "\n"),
				"o/plugin.yaml":                    []byte("apiVersion: x/v1\nkind: X\nmetadata: {name: x, annotations: {config.kubernetes.io/function: \"exec: {path: ./x}\"}}\n"),
				"o/github.com/org/repo/pod.yaml":   []byte(pod), // a committed folder does not help: kustomize would clone
				"o/git@host/org/repo.git/pod.yaml": []byte(pod),
				"two/kustomization.yaml":           []byte("resources: []\n"),
				"two/Kustomization":                []byte("resources: []\n"),
			}
			_, err := Kustomize(tree, "o", nil)
			if fault.Code(err) != fault.CodeUsage {
				t.Fatalf("got %v (code %d), want a usage error", err, fault.Code(err))
			}
			if !strings.Contains(err.Error(), "o/kustomization.yaml") && !strings.Contains(err.Error(), "two") {
				t.Errorf("the error names no file: %v", err)
			}
		})
	}
}

// A server that would be asked proves that nothing asks.
func TestNoRequestLeaves(t *testing.T) {
	var asked int
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	for _, field := range []string{"resources: [%s]", "components: [%s]", "patches: [{path: %s}]", "crds: [%s]"} {
		tree := Tree{"o/kustomization.yaml": []byte(strings.ReplaceAll(field, "%s", `"`+server.URL+`/pod.yaml"`))}
		if _, err := Kustomize(tree, "o", nil); fault.Code(err) != fault.CodeUsage {
			t.Errorf("%s: %v", field, err)
		}
	}
	if asked != 0 {
		t.Errorf("%d requests reached the server", asked)
	}
}

// The work tree is not read: a file that lies beside the process does not
// stand in for one that the commit lacks.
func TestWorkTreeIsNotRead(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll(filepath.Join(dir, "o"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "o", "pod.yaml"), []byte("kind: Pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Kustomize(Tree{"o/kustomization.yaml": []byte("resources: [pod.yaml]\n")}, "o", nil)
	if fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), "the commit has no o/pod.yaml") {
		t.Errorf("got %v", err)
	}
}

// The caller's environment must not leak into what is deployed.
func TestEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("CLAWQL_API_KEY", "from-the-shell")
	rendered := mustRender(t, Tree{
		"o/kustomization.yaml": []byte("secretGenerator: [{name: s, envs: [s.env]}]\n"),
		"o/s.env":              []byte("CLAWQL_API_KEY\n"),
	}, "o")
	data, _ := rendered.Objects[0].Object["data"].(map[string]any)
	if value := data["CLAWQL_API_KEY"]; value != nil && value != "" {
		t.Errorf("the shell's value reached the Secret: %v", value)
	}
}

func TestOverlayErrors(t *testing.T) {
	tree := demo(t)
	tree["chart/Chart.yaml"] = []byte("name: c\n")
	for overlay, want := range map[string]string{
		"chart":                           "is a Helm chart",
		"docker/kustomize/overlays/live":  "holds no kustomization.yaml there",
		"README.md":                       "is a file",
		"/docker/kustomize/overlays/prod": "is not a folder of the repository",
		"../repository/docker":            "is not a folder of the repository",
		"docker/../../x":                  "is not a folder of the repository",
	} {
		_, err := Kustomize(tree, overlay, nil)
		if fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), want) || len(fault.Hints(err)) == 0 {
			t.Errorf("%s: %v %v", overlay, err, fault.Hints(err))
		}
	}
	for _, bad := range [][]Image{
		{{"", "x", digest}}, {{"a", "b", "sha256:12"}}, {{"a", "b", "prod"}}, {{"a", "b@" + digest, digest}},
		{{"a", "b", digest}, {"a", "c", digest}}, {{"a", "b", strings.ToUpper(digest)}},
	} {
		if _, err := Kustomize(tree, "docker/kustomize/overlays/prod", bad); fault.Code(err) != fault.CodeUsage {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
