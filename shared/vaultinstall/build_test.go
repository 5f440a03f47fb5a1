package vaultinstall

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// What is embedded is what the tests' own Vault is built from.
func TestModuleIsThatOfTheSandbox(t *testing.T) {
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		embedded, err := module.ReadFile("module/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile("../../testdata/sandbox/vault/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(embedded, source) {
			t.Errorf("module/%s.txt is not testdata/sandbox/vault/%s: copy it", name, name)
		}
	}
}

func TestPackagesAreCounted(t *testing.T) {
	counted := 0
	b := Build{Compiled: func(n int) { counted = n }}
	said := b.follow(strings.NewReader("go: downloading x v1\nos/user\ngithub.com/a/b\n# github.com/a/b\nb.go:1: bad\n"))
	if counted != 2 || len(said) != 3 || said[2] != "b.go:1: bad" {
		t.Errorf("%d, %q", counted, said)
	}
}
