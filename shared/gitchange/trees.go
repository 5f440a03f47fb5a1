package gitchange

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// errTree is why a tree is left to git.
var errTree = errors.New("a tree that git would not write")

// Between lists what differs between two commits, as Repo.Between does, from
// the trees themselves: no child of git is started for it. from is "" for no
// commit. A tree that is not as git writes them (a name twice, an empty one, a
// slash in one) is an error, as is all that cannot be read.
func (o *Objects) Between(from, to string) ([]Change, error) {
	d := treeDiff{objects: o, nothing: strings.Repeat("0", len(to))}
	old, err := d.root(from)
	if err != nil {
		return nil, err
	}
	fresh, err := d.root(to)
	if err == nil {
		err = d.folders("", old, fresh)
	}
	slices.SortFunc(d.changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return d.changes, err
}

type treeDiff struct {
	objects *Objects
	nothing string // the id of no object
	changes []Change
}

// folder is what a tree holds, by name.
type folder map[string]Version

func (d *treeDiff) root(commit string) (folder, error) {
	if commit == "" {
		return nil, nil
	}
	return d.folder(commit + "^{tree}")
}

// folder reads a tree; "" is an empty one.
func (d *treeDiff) folder(name string) (folder, error) {
	if name == "" {
		return nil, nil
	}
	tree, kind, err := d.objects.Get(name)
	if err != nil || kind != "tree" {
		return nil, errors.Join(err, errTree)
	}
	all, width := folder{}, len(d.nothing)/2
	for len(tree) > 0 {
		head, rest, ok := bytes.Cut(tree, []byte{0})
		mode, name, ok2 := strings.Cut(string(head), " ")
		_, twice := all[name]
		if !ok || !ok2 || len(rest) < width || name == "" || strings.Contains(name, "/") || twice {
			return nil, errTree
		}
		all[name] = Version{mode, hex.EncodeToString(rest[:width])}
		tree = rest[width:]
	}
	return all, nil
}

// folders compares two folders at one path.
func (d *treeDiff) folders(prefix string, old, fresh folder) error {
	for name, before := range old {
		after := fresh[name]
		if before == after {
			continue
		}
		if err := d.entries(prefix+name, before, after); err != nil {
			return err
		}
	}
	for name, after := range fresh {
		if _, was := old[name]; was {
			continue
		}
		if err := d.entries(prefix+name, Version{}, after); err != nil {
			return err
		}
	}
	return nil
}

// entries compares what two trees have at a path; the zero Version is nothing.
func (d *treeDiff) entries(path string, before, after Version) error {
	wasFolder, isFolder := before.Mode == "40000", after.Mode == "40000"
	if wasFolder || isFolder {
		inner := [2]folder{}
		for i, side := range []Version{before, after} {
			if side.Mode != "40000" {
				continue
			}
			var err error
			if inner[i], err = d.folder(side.ID); err != nil {
				return err
			}
		}
		if err := d.folders(path+"/", inner[0], inner[1]); err != nil {
			return err
		}
	}
	if wasFolder || before.Mode == "" {
		before = Version{absent, d.nothing}
	}
	if isFolder || after.Mode == "" {
		after = Version{absent, d.nothing}
	}
	if before != after {
		d.changes = append(d.changes, Change{Path: path, Old: before.ID, New: after.ID, OldMode: before.Mode, NewMode: after.Mode})
	}
	return nil
}
