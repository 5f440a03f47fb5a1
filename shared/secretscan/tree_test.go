package secretscan

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/secretscan/leaktest"
)

// required says whether CLAWQL_REQUIRE asks for a word.
func required(word string) bool {
	return slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), word)
}

// Files of many sorts with a secret of any rule in every tenth line, file by
// file beside gitleaks' detector; the whole trees, beside its command, are in
// stagedscan.
func TestSameAsGitleaksOnForgedTrees(t *testing.T) {
	files := 10
	if required("gitleaks") {
		files = 400
	}
	forge, err := leaktest.New(7)
	if err != nil {
		t.Fatal(err)
	}
	found, bytes := 0, 0
	for _, file := range slices.Concat(forge.Monorepo(files), forge.Infrastructure(files)) {
		found += same(t, file.Path, string(file.Content))
		bytes += len(file.Content)
	}
	t.Logf("%d files, %d bytes, %d kinds of secrets planted, %d findings", 2*files, bytes, len(forge.Planted), found)
	if found < 4*files {
		t.Errorf("the trees gave %d findings only", found)
	}
}
