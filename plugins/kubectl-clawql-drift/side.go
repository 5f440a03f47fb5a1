package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

// side is one side as the command line or clawql.yaml names it.
type side struct {
	name      string // as it was written
	folder    string // dir:PATH
	file      string // file:SNAPSHOT
	context   string // of the kubeconfig
	namespace string
	vault     *project.Vault // of an environment, nil for none
	patience  time.Duration  // for one request of an API server
}

// parseSide reads dir:PATH, file:SNAPSHOT, CONTEXT/NAMESPACE or the name of an environment.
// A context's name may hold slashes, a namespace's not: the last one counts.
func parseSide(flag, text string, p *project.Project) (side, error) {
	if path, isFolder := strings.CutPrefix(text, "dir:"); isFolder {
		if path == "" {
			return side{}, fault.Usage("%s %q names no folder", flag, text)
		}
		return side{name: text, folder: path}, nil
	}
	if path, isFile := strings.CutPrefix(text, "file:"); isFile {
		if path == "" {
			return side{}, fault.Usage("%s %q names no snapshot", flag, text)
		}
		return side{name: text, file: path}, nil
	}
	if at := strings.LastIndex(text, "/"); at >= 0 {
		if at == 0 || at == len(text)-1 {
			return side{}, fault.Usage("%s %q is no side; write CONTEXT/NAMESPACE, dir:PATH, file:SNAPSHOT, or an environment of clawql.yaml", flag, text)
		}
		return side{name: text, context: text[:at], namespace: text[at+1:]}, nil
	}
	if p == nil {
		return side{}, fault.Usage("there is no clawql.yaml here or above, so environments have no names").
			Hint("with both sides given none is needed: --from CONTEXT/NAMESPACE --to CONTEXT/NAMESPACE, dir:PATH or file:SNAPSHOT")
	}
	env, has := p.Environments[text]
	if !has {
		return side{}, fault.Usage("%s %q is no environment of clawql.yaml; it has: %s", flag, text, strings.Join(p.EnvironmentNames(), ", ")).
			Hint("a side is also CONTEXT/NAMESPACE, dir:PATH or file:SNAPSHOT")
	}
	return side{name: text, context: env.Context, namespace: env.Namespace, vault: env.Vault}, nil
}

// nearest is the clawql.yaml here or above, nil for none.
func nearest() (*project.Project, error) {
	p, _, err := nearestAt()
	return p, err
}

// nearestAt also names the folder of clawql.yaml, "" for none.
func nearestAt() (*project.Project, string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, "", fault.Unable("find clawql.yaml: %w", err)
	}
	for {
		content, err := os.ReadFile(filepath.Join(dir, project.FileName))
		switch {
		case err == nil:
			p, err := project.Parse(content)
			return p, dir, err
		case !errors.Is(err, fs.ErrNotExist):
			return nil, "", fault.Usage("read clawql.yaml: %w", err)
		case dir == filepath.Dir(dir):
			return nil, "", nil
		}
		dir = filepath.Dir(dir)
	}
}

// read reads the side.
func (s side) read(ctx context.Context, reader *driftcheck.Reader, kubeconfig string, progress func(string)) (driftcheck.Side, error) {
	if s.folder != "" {
		progress("reading " + s.folder)
		read, err := reader.Folder(ctx, s.folder, func(files, of int) {
			progress("reading " + s.folder + ": file " + strconv.Itoa(files) + " of " + strconv.Itoa(of))
		})
		read.Name = s.name
		return read, err
	}
	source := clusterread.Source{
		Kubeconfig: kubeconfig, Context: s.context, Namespaces: []string{s.namespace}, Timeout: s.patience,
		Progress: func(objects, lists, of int) {
			progress("reading " + s.name + ": " + console.Count(objects, "object") + ", list " + strconv.Itoa(lists) + " of " + strconv.Itoa(of))
		},
	}
	read, err := reader.Cluster(ctx, source)
	read.Name = s.name
	if err != nil || s.vault == nil {
		return read, err
	}
	return read, s.readVault(ctx, reader, &read, clusterread.PlaceOf(source), progress)
}
