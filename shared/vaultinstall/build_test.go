package vaultinstall

import (
	"os"
	"strings"
	"testing"
)

// What is embedded is what the tests' own Vault is built from, but for the auth
// methods that the tests add to theirs in methods.go: a session needs none.
func TestModuleIsThatOfTheSandbox(t *testing.T) {
	same := strings.NewReplacer(" // indirect", "", "\taddMethods()\n", "")
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		embedded, err := module.ReadFile("module/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile("../../testdata/sandbox/vault/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if same.Replace(string(embedded)) != same.Replace(string(source)) {
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
