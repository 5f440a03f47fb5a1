package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sort"
)

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	Standard   bool
	Imports    []string
	GoFiles    []string
}

// graph holds the packages of the module and all that they link.
type graph map[string]*pkg

// load asks the go command, once, for the packages below dir.
func load(dir string) (graph, error) {
	command := exec.Command("go", "list", "-deps", "-json=ImportPath,Name,Dir,Standard,Imports,GoFiles", "./...")
	command.Dir = dir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w\n%s", dir, err, stderr.String())
	}
	packages := graph{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var one pkg
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages[one.ImportPath] = &one
	}
}

// own are the packages of this module, sorted by path.
func (g graph) own() []*pkg {
	var own []*pkg
	for importPath, one := range g {
		if importPath == module || under(importPath, []string{module}) {
			own = append(own, one)
		}
	}
	sort.Slice(own, func(i, j int) bool { return own[i].ImportPath < own[j].ImportPath })
	return own
}

// chainTo finds the shortest way from a package to one that is banned: the
// import paths in order, nil for none.
func (g graph) chainTo(from string, banned func(importPath string) bool) []string {
	came := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := g[queue[0]]
		if at == nil {
			continue
		}
		for _, next := range at.Imports {
			if _, seen := came[next]; seen {
				continue
			}
			came[next] = at.ImportPath
			if banned(next) {
				return unwind(came, next)
			}
			queue = append(queue, next)
		}
	}
	return nil
}

func unwind(came map[string]string, last string) []string {
	var chain []string
	for at := last; at != ""; at = came[at] {
		chain = append([]string{at}, chain...)
	}
	return chain
}
