package cluster

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The CRDs are the module's own, byte for byte, and all of its standard channel.
func TestCRDsAreTheModules(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(out)), "config", "crd", "standard")
	files, err := filepath.Glob(filepath.Join(source, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs in %s: %v", source, err)
	}
	for _, file := range files {
		if strings.Contains(file, "_vap_") {
			continue // an admission policy against downgrades, no CRD
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := crds.ReadFile("crds/" + filepath.Base(file))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from the module's (%v)", filepath.Base(file), err)
		}
	}
}
