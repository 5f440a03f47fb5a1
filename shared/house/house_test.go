package house

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the import rules in .golangci.yml anew")

const root = "../.." // of the repository, from this folder

// TestImports: imports go down only, and binaries link what they should.
func TestImports(t *testing.T) {
	for _, violation := range importViolations(loadTree(t)) {
		t.Error(violation)
	}
}

// TestSource: the habits of the source, in every file of the product.
func TestSource(t *testing.T) {
	for _, one := range loadTree(t).own() {
		found, err := sourceViolations(one)
		if err != nil {
			t.Fatal(err)
		}
		for _, violation := range found {
			t.Error(violation)
		}
	}
}

// TestFileSizes: tests and nested modules keep to the length of a file too.
func TestFileSizes(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || (entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin")) {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if lines := bytes.Count(text, []byte("\n")); lines > longestFile {
			t.Errorf("%s has %d lines, more than %d", path, lines, longestFile)
		}
		seen++
		return err
	})
	if err != nil || seen < 20 {
		t.Fatalf("walked over %d Go files: %v", seen, err)
	}
}

// TestLinterSaysTheSame: the import rules in .golangci.yml are those of here.
func TestLinterSaysTheSame(t *testing.T) {
	const begin, end = "        # begin: written by `go test ./shared/house -update`\n", "        # end\n"
	file := filepath.Join(root, ".golangci.yml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s lacks the marks around the import rules", file)
	}
	want := before + begin + depguard() + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s is stale: go test ./shared/house -update", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func loadTree(t *testing.T) graph {
	t.Helper()
	g, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.own()) < 5 {
		t.Fatalf("go list sees only %d packages of the module", len(g.own()))
	}
	return g
}

// TestReleaseHasEveryTool: a plugin that is not built for a release, or not
// put into its archive, would be missing from every installation.
func TestReleaseHasEveryTool(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yml"))
	if err != nil {
		t.Fatal(err)
	}
	folders, err := os.ReadDir(filepath.Join(root, "plugins"))
	if err != nil {
		t.Fatal(err)
	}
	_, archive, _ := strings.Cut(string(text), "\narchives:")
	for _, folder := range folders {
		if !strings.Contains(string(text), "main: ./plugins/"+folder.Name()+"\n") {
			t.Errorf(".goreleaser.yml does not build %s", folder.Name())
		}
		if !strings.Contains(archive, " "+folder.Name()+",") && !strings.Contains(archive, folder.Name()+"]") && !strings.Contains(archive, "["+folder.Name()+",") {
			t.Errorf("the archive of .goreleaser.yml lacks %s", folder.Name())
		}
	}
}
