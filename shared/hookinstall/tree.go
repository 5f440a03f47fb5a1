package hookinstall

import (
	"bytes"
	"io/fs"
	"maps"
	"slices"
)

// File is what stands at a path: nothing (the zero value), a plain file, or a
// symbolic link.
type File struct {
	Mode fs.FileMode `json:"mode,omitempty"` // permission bits; 0 for nothing or a link
	Data []byte      `json:"data,omitempty"`
	Link string      `json:"link,omitempty"`
}

// There says that something stands at the path.
func (f File) There() bool { return f.Mode != 0 || f.Link != "" }

func (f File) equal(g File) bool {
	return f.Mode == g.Mode && f.Link == g.Link && bytes.Equal(f.Data, g.Data)
}

// kind is what a hook file is; "" for none.
func (f File) kind() Kind {
	switch {
	case !f.There():
		return ""
	case f.Link != "":
		return Handwritten
	}
	return kindOf(f.Data)
}

// tree is a picture of the files that a plan may touch, by absolute path.
type tree map[string]File

// move puts what stands at one path to another.
func (t tree) move(from, to string) {
	t[to] = t[from]
	delete(t, from)
}

// Change is one file before and after.
type Change struct {
	Path   string
	Before File
	After  File
}

// diff lists what differs, in the order in which it is safe to act on it: first
// what is new, then what changes, then what goes; a configuration comes last
// when hooks come, and first when they go.
func diff(before, after tree, isConfig func(string) bool, going bool) []Change {
	paths := slices.Collect(maps.Keys(before))
	for path := range after {
		if _, ok := before[path]; !ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	var all []Change
	for _, path := range paths {
		if !before[path].equal(after[path]) {
			all = append(all, Change{path, before[path], after[path]})
		}
	}
	rank := func(c Change) int {
		switch {
		case isConfig(c.Path) && going:
			return 0
		case isConfig(c.Path):
			return 4
		case !c.Before.There():
			return 1
		case c.After.There():
			return 2
		}
		return 5
	}
	slices.SortStableFunc(all, func(a, b Change) int { return rank(a) - rank(b) })
	return all
}
