// Package manifests reads a folder of Kubernetes manifests and Vault policies,
// as one side of a comparison. What it cannot read whole it does not read at
// all, or names: a file that was left out must not pass for one that is equal.
package manifests

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Bounds, in bytes. A parsed document takes some twenty times its text.
const (
	maxDocument = 32 << 20
	maxFile     = 256 << 20
	maxFolder   = 1 << 30
)

// Folder is what a folder holds.
type Folder[T any] struct {
	Objects  []Object[T]       // sorted by file, then in the file's order; Lists are taken apart
	Policies map[string]string // Vault policies: the text of NAME.hcl by NAME
	Skipped  []string          // files that were left out, each with its reason
}

// Object is what was made of a manifest, and where that stands.
type Object[T any] struct {
	Value T
	File  string // from the folder, with slashes
}

// Take makes of a manifest what is kept of it, or says that nothing is. It may
// change the object, is called by several goroutines, and once for all documents
// of one text: what it makes must not depend on where the document stands.
type Take[T any] func(*unstructured.Unstructured) (value T, keep bool, err error)

// Reader reads folders, and each text in them once.
type Reader[T any] struct {
	take  Take[T]
	lock  sync.Mutex
	known map[[sha256.Size]byte]*document[T]
}

// NewReader makes a reader that keeps what take makes of the objects.
func NewReader[T any](take Take[T]) *Reader[T] {
	return &Reader[T]{take: take, known: map[[sha256.Size]byte]*document[T]{}}
}

// Read reads *.yaml, *.yml, *.json and *.hcl below dir; links may point to
// files in it only, and .git is left out. A file that cannot be read, that is
// broken, or that holds an object a second time is an error of fault.Unable
// that names it, and of several the first one; a folder that is none is
// fault.Usage. progress hears, now and then, how many files of how many were
// read; nil is silence.
func (r *Reader[T]) Read(ctx context.Context, dir string, progress func(files, of int)) (*Folder[T], error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Usage("read manifests: %w", err).Hint("dir:PATH takes a folder of YAML or JSON manifests, and of *.hcl for Vault policies")
	}
	defer root.Close()
	files, err := list(root)
	if err != nil {
		return nil, err
	}
	read, err := r.files(ctx, root, files, progress)
	if err != nil {
		return nil, err
	}
	return gather(dir, files, read)
}

// files reads all files, several at once. They are begun in their order, and
// what was begun is ended: so the first error is always the same.
func (r *Reader[T]) files(ctx context.Context, root *os.Root, names []string, progress func(files, of int)) ([]contents[T], error) {
	read, failed := make([]contents[T], len(names)), make([]error, len(names))
	var stop atomic.Bool
	var done atomic.Int64
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		if stop.Load() || ctx.Err() != nil {
			break
		}
		work.Go(func() error {
			if read[i], failed[i] = r.file(root, name); failed[i] != nil {
				stop.Store(true)
			}
			if n := done.Add(1); progress != nil && n%64 == 0 {
				progress(int(n), len(names))
			}
			return nil
		})
	}
	_ = work.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return read, ctx.Err()
}

// list gives the names of the files to read, sorted.
func list(root *os.Root) ([]string, error) {
	var files []string
	var total int64
	err := fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fault.Unable("read manifests: %w", err)
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		case entry.Type()&fs.ModeSymlink != 0 && leadsToFolder(root, name):
			return fault.Unable("read manifests: %s is a link to a folder", name).Hint("a link must point to a file in the folder")
		case entry.IsDir() || !wanted(name):
			return nil
		}
		info, err := root.Stat(name) // of what a link points to, if that lies in the folder
		if err != nil {
			return fault.Unable("read manifests: %w", err).Hint("a link must point to a file in the folder")
		}
		if info.IsDir() {
			return fault.Unable("read manifests: %s is a folder", name)
		}
		if !info.Mode().IsRegular() {
			return fault.Unable("read manifests: %s is no file: a pipe, a device or a socket", name)
		}
		if total += info.Size(); info.Size() > maxFile || total > maxFolder {
			return fault.Unable("read manifests: at %s there is more than %d MiB in a file or %d MiB in all", name, maxFile>>20, maxFolder>>20)
		}
		files = append(files, name)
		return nil
	})
	slices.Sort(files)
	return files, err
}

// leadsToFolder says whether a link leads to a folder, in or out of the root:
// what is in there would not be read.
func leadsToFolder(root *os.Root, name string) bool {
	info, err := os.Stat(filepath.Join(root.Name(), filepath.FromSlash(name)))
	return err == nil && info.IsDir()
}

func wanted(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json", ".hcl"}, strings.ToLower(path.Ext(name)))
}

// gather joins what the files hold, in their order.
func gather[T any](dir string, files []string, read []contents[T]) (*Folder[T], error) {
	folder := &Folder[T]{Policies: map[string]string{}}
	place := map[string]string{}
	for i, one := range read {
		if one.skipped != "" {
			folder.Skipped = append(folder.Skipped, files[i]+": "+one.skipped)
		}
		if one.policy != nil {
			name := strings.TrimSuffix(path.Base(files[i]), path.Ext(files[i]))
			if at, doubled := place["policy "+name]; doubled {
				return nil, fault.Unable("read manifests: Vault policy %s stands in %s and in %s", name, at, files[i])
			}
			place["policy "+name], folder.Policies[name] = files[i], *one.policy
		}
		for _, object := range one.objects {
			if at, doubled := place[object.id]; doubled {
				return nil, fault.Unable("read manifests: %s stands in %s and in %s", object.id, at, files[i])
			}
			if place[object.id] = files[i]; object.kept {
				folder.Objects = append(folder.Objects, Object[T]{object.value, files[i]})
			}
		}
	}
	if len(files) == 0 {
		return nil, fault.Unable("read manifests: %s holds no .yaml, .yml, .json or .hcl file", dir)
	}
	return folder, nil
}

func identity(o *unstructured.Unstructured) string {
	group := o.GroupVersionKind().Group
	return strings.TrimSuffix(o.GetKind()+"."+group, ".") + " " + strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")
}

// errNotManifest is a document without apiVersion or kind.
var errNotManifest = errors.New("no Kubernetes manifest: it lacks apiVersion or kind")
