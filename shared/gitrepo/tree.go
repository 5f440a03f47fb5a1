package gitrepo

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Bounds of what Tree reads into memory. A larger file is skipped and named; a
// larger whole is an error.
const (
	MaxFile  = 8 << 20   // bytes of one file
	MaxTotal = 256 << 20 // bytes of all files
	MaxFiles = 100_000   // entries
	maxDepth = 64        // folders within folders
)

// Tree is the files of one commit, each checked against the commit's id.
type Tree struct {
	// Files maps a path with slashes, such as "deploy/base/kustomization.yaml",
	// to its content.
	Files map[string][]byte
	// Skipped maps a path that was not read to the reason: a symbolic link, a
	// submodule, or a file that is too large.
	Skipped map[string]string
}

// Under is the part of the tree below dir ("." for all), with the same paths.
// A link, a submodule or an oversize file there is an error that names it: a
// reader of those files would not see what the commit means.
func (t Tree) Under(dir string) (map[string][]byte, error) {
	dir = path.Clean(dir)
	inside := func(p string) bool { return dir == "." || p == dir || strings.HasPrefix(p, dir+"/") }
	var bad []string
	for p := range t.Skipped {
		if inside(p) {
			bad = append(bad, p)
		}
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		return nil, fault.Usage("read %s from the commit: %s is %s; only plain files are deployed", dir, bad[0], t.Skipped[bad[0]]).
			Hint("replace it by a copy of the file that it stands for")
	}
	files := map[string][]byte{}
	for p, data := range t.Files {
		if inside(p) {
			files[p] = data
		}
	}
	return files, nil
}

// Tree reads all files of the commit that rev names (see Commit). Filters,
// line-end conversion and export attributes are not applied: these are the
// bytes that were committed.
func (r *Repo) Tree(ctx context.Context, rev string) (Tree, error) {
	c, err := r.Commit(ctx, rev)
	if err != nil {
		return Tree{}, err
	}
	w := treeWalk{repo: r, tree: Tree{map[string][]byte{}, map[string]string{}}}
	if err := w.folder(ctx, c.Tree, "", 0); err != nil {
		return Tree{}, err
	}
	return w.tree, nil
}

type treeWalk struct {
	repo  *Repo
	tree  Tree
	total int
}

func (w *treeWalk) folder(ctx context.Context, id, prefix string, depth int) error {
	if depth > maxDepth {
		return fault.Unable("read tree: %s lies more than %d folders deep", prefix, maxDepth)
	}
	entries, err := w.repo.entries(ctx, id)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := w.entry(ctx, e, prefix+e.name, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *treeWalk) entry(ctx context.Context, e entry, at string, depth int) error {
	if len(w.tree.Files)+len(w.tree.Skipped) >= MaxFiles {
		return fault.Unable("read tree: it holds more than %d files", MaxFiles)
	}
	switch e.kind() {
	case "folder":
		return w.folder(ctx, e.id, at+"/", depth+1)
	case "file":
		return w.file(ctx, e, at)
	}
	w.tree.Skipped[at] = e.kind()
	return nil
}

func (w *treeWalk) file(ctx context.Context, e entry, at string) error {
	data, err := w.repo.object(ctx, "blob", e.id)
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if len(data) > MaxFile {
		w.tree.Skipped[at] = fmt.Sprintf("a file of %d bytes, more than the limit of %d", len(data), MaxFile)
		return nil
	}
	if w.total += len(data); w.total > MaxTotal {
		return fault.Unable("read tree: its files hold more than %d bytes", MaxTotal)
	}
	w.tree.Files[at] = data
	return nil
}

// entry is one line of a tree object.
type entry struct{ mode, name, id string }

// kind tells what an entry is, in words that fit into an error.
func (e entry) kind() string {
	switch e.mode {
	case "40000":
		return "folder"
	case "100644", "100755", "100664": // 100664 stands in trees of very old gits
		return "file"
	case "120000":
		return "a symbolic link"
	case "160000":
		return "a submodule"
	}
	return "an entry of the unknown mode " + e.mode
}

func (r *Repo) entries(ctx context.Context, id string) ([]entry, error) {
	data, err := r.object(ctx, "tree", id)
	if err != nil {
		return nil, err
	}
	list, err := parseTree(data, r.hexSize/2)
	if err != nil {
		return nil, fault.Unable("read tree %s: %w", short(id), err)
	}
	return list, nil
}

// parseTree reads a tree object: "<mode> <name>\0<raw id>", repeated. Names
// that would lead out of the folder or into .git are refused, as fsck does,
// and so is a name that comes twice.
func parseTree(data []byte, idSize int) ([]entry, error) {
	var list []entry
	seen := map[string]bool{}
	for len(data) > 0 {
		head, rest, ok := bytes.Cut(data, []byte{0})
		mode, name, space := strings.Cut(string(head), " ")
		if !ok || !space || len(rest) < idSize {
			return nil, fmt.Errorf("it is cut off after %d entries", len(list))
		}
		if badName(name) || seen[name] {
			return nil, fmt.Errorf("the name %q is not allowed in it, or comes twice", name)
		}
		seen[name] = true
		list = append(list, entry{mode, name, fmt.Sprintf("%x", rest[:idSize])})
		data = rest[idSize:]
	}
	return list, nil
}

func badName(name string) bool {
	return name == "" || name == "." || name == ".." || strings.EqualFold(name, ".git") || strings.Contains(name, "/")
}
