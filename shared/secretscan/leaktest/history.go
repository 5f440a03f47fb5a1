package leaktest

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// branch is a line of history while it is written.
type branch struct {
	ref   string
	tip   int // mark of its last commit
	files map[string][]byte
	fresh map[string]bool // paths changed since it left main
}

// history writes the stream.
type history struct {
	*Forge
	out   bytes.Buffer
	marks int
}

// History is a stream for `git fast-import`: commits on main and on branches
// that are merged into it, with files added, edited, moved with and without an
// edit, and deleted; merges that bring something of their own; empty commits.
func (f *Forge) History(commits int) []byte {
	h := &history{Forge: f}
	main := &branch{ref: "refs/heads/main", files: map[string][]byte{}}
	h.commit(main, nil, h.begin(main))
	var side *branch
	for i := range commits {
		switch {
		case side == nil && f.random.Intn(6) == 0:
			side = &branch{ref: fmt.Sprintf("refs/heads/side%d", i), tip: main.tip, files: copied(main.files), fresh: map[string]bool{}}
		case side != nil && f.random.Intn(8) == 0:
			h.merge(main, side)
			side = nil
		case side != nil && f.random.Intn(2) == 0:
			h.commit(side, nil, h.edits(side))
		default:
			h.commit(main, nil, h.edits(main))
		}
	}
	h.out.WriteString("done\n")
	return h.out.Bytes()
}

func copied(files map[string][]byte) map[string][]byte {
	all := map[string][]byte{}
	for path, text := range files {
		all[path] = text
	}
	return all
}

// commit writes one commit with the commands that change its tree.
func (h *history) commit(b *branch, merged *branch, commands string) {
	h.marks++
	message := fmt.Sprintf("Change the %s of the %s (%d)\n", h.word(), h.word(), h.marks)
	fmt.Fprintf(&h.out, "commit %s\nmark :%d\ncommitter Ann <ann@example.org> %d +0000\ndata %d\n%s", b.ref, h.marks, 1700000000+60*h.marks, len(message), message)
	if b.tip > 0 {
		fmt.Fprintf(&h.out, "from :%d\n", b.tip)
	}
	if merged != nil {
		fmt.Fprintf(&h.out, "merge :%d\n", merged.tip)
	}
	h.out.WriteString(commands + "\n")
	b.tip = h.marks
}

// begin is a first tree.
func (h *history) begin(b *branch) string {
	var all strings.Builder
	for _, file := range slices.Concat(h.Monorepo(20), h.Infrastructure(20)) {
		if len(file.Content) < 60_000 {
			all.WriteString(h.write(b, file.Path, file.Content))
		}
	}
	return all.String()
}

func (h *history) write(b *branch, path string, text []byte) string {
	b.files[path] = text
	if b.fresh != nil {
		b.fresh[path] = true
	}
	return fmt.Sprintf("M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
}

func (h *history) delete(b *branch, path string) string {
	delete(b.files, path)
	if b.fresh != nil {
		b.fresh[path] = true
	}
	return "D " + path + "\n"
}

// edits are up to three changes.
func (h *history) edits(b *branch) string {
	var all strings.Builder
	for range h.random.Intn(4) {
		path := h.pathIn(b)
		switch h.random.Intn(10) {
		case 0:
			all.WriteString(h.delete(b, path))
		case 1, 2: // moved, with an edit or without
			text := b.files[path]
			if h.random.Intn(2) == 0 {
				text = h.edited(text)
			}
			all.WriteString(h.delete(b, path))
			all.WriteString(h.write(b, fmt.Sprintf("moved/%d/%s", h.marks, path[strings.LastIndexByte(path, '/')+1:]), text))
		case 3:
			file := h.Infrastructure(10)[h.random.Intn(10)]
			all.WriteString(h.write(b, fmt.Sprintf("added%d/%s", h.marks, file.Path), file.Content))
		default:
			all.WriteString(h.write(b, path, h.edited(b.files[path])))
		}
	}
	return all.String()
}

func (h *history) pathIn(b *branch) string {
	var paths []string
	for path := range b.files {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	return paths[h.random.Intn(len(paths))]
}

// edited has some lines less, more or moved.
func (h *history) edited(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for range 1 + h.random.Intn(3) {
		at := h.random.Intn(len(lines))
		switch h.random.Intn(5) {
		case 0:
			lines = slices.Delete(lines, at, min(len(lines), at+h.random.Intn(3)))
		case 1:
			moved := lines[at]
			lines = slices.Delete(lines, at, at+1)
			lines = slices.Insert(lines, h.random.Intn(len(lines)+1), moved)
		default:
			lines = slices.Insert(lines, at, []byte(h.planted()))
		}
		if len(lines) == 0 {
			lines = [][]byte{[]byte(h.planted())}
		}
	}
	return bytes.Join(lines, nil)
}

// merge brings a branch into main: what it changed is taken as it is there;
// now and then the merge itself adds a line.
func (h *history) merge(main, side *branch) {
	var paths []string
	for path := range side.fresh {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	var all strings.Builder
	for _, path := range paths {
		text, there := side.files[path]
		switch {
		case !there && main.files[path] != nil:
			all.WriteString(h.delete(main, path))
		case there && h.random.Intn(6) == 0:
			all.WriteString(h.write(main, path, h.edited(text)))
		case there:
			all.WriteString(h.write(main, path, text))
		}
	}
	h.commit(main, side, all.String())
}
