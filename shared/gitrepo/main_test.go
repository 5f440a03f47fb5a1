package gitrepo

import (
	"os"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

func TestMain(m *testing.M) {
	remove := gittest.Isolate()
	code := m.Run()
	remove()
	os.Exit(code)
}

// open opens the repository of a test and closes it at its end.
func open(t *testing.T, dir string) *Repo {
	t.Helper()
	r, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatalf("open %s: %v", dir, err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}
