package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The name decides how help and errors speak of the program.
func TestProgramName(t *testing.T) {
	cases := map[string]string{
		"clawql": "clawql", "/usr/local/bin/clawql": "clawql", "kubectl-clawql": "kubectl clawql",
		"/x/kubectl-clawql": "kubectl clawql", "": "kubectl clawql",
	}
	for argv0, want := range cases {
		if got := programName(argv0); got != want {
			t.Errorf("%q is %q, want %q", argv0, got, want)
		}
	}
}

// The listing promises what a release has: exactly the folders under plugins.
func TestBuiltToolsAreThoseOfThisTree(t *testing.T) {
	for _, one := range tools {
		_, err := os.Stat(filepath.Join("..", one.binary, "main.go"))
		if (err == nil) != one.built {
			t.Errorf("tool %s says built=%v, and plugins/%s/main.go: %v", one.name, one.built, one.binary, err)
		}
	}
}
