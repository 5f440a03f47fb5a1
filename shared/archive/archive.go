// Package archive looks into archives that are held in memory: zip and tar,
// and what gzip, bzip2, xz and zstd have compressed, one within another.
//
// It knows them by their content, never by a name. It writes nothing to a
// disk. What it is given may have been made to hurt: the bytes that come out,
// how many there are, how deep they lie and how much larger than the archive
// they are, all have a bound. What lies beyond one, or cannot be opened, is
// told to the caller and not passed over.
package archive

import (
	"bytes"
	"context"
	"fmt"
)

// Separator stands between an archive's path and that of a member, as for
// gitleaks.
const Separator = "!"

// Limits bound what is taken out of one archive, nested ones included.
type Limits struct {
	Depth   int   // archives within archives; 1 opens the outer one only, 0 none
	Bytes   int64 // taken out in all
	Member  int64 // bytes of one member that has to be held in memory
	Members int   // in all
	Ratio   int64 // bytes taken out for each byte of the archive, once 16 MiB are out
}

// DefaultLimits are for a commit: a person waits for it.
func DefaultLimits() Limits {
	return Limits{Depth: 3, Bytes: 256 << 20, Member: 32 << 20, Members: 20_000, Ratio: 1100}
}

// ratioFloor is how much may come out before the ratio counts: small files
// that are all zeros are common.
const ratioFloor = 16 << 20

// Member is something that an archive holds.
type Member struct {
	Path    string // with the paths of the archives around it, joined by Separator
	Content []byte // only valid during the call
	Notes   string // what the archive says about it besides: the target of a link, comments, records
}

// Visitor is told what is found.
type Visitor struct {
	Member func(Member) error
	// Unread is told what could not be looked at: path, and why in words that
	// complete "it ...".
	Unread func(path, why string) error
}

// walk is one run.
type walk struct {
	ctx     context.Context
	limits  Limits
	visit   Visitor
	outer   int64 // bytes of the outermost archive
	bytes   int64
	members int
}

// Walk looks into content, where it is an archive; path is its own. Errors are
// those of the visitor and of the context: whatever is wrong with an archive is
// told as unread.
func Walk(ctx context.Context, path string, content []byte, limits Limits, visit Visitor) error {
	w := &walk{ctx: ctx, limits: limits, visit: visit, outer: int64(len(content))}
	return w.inside(path, content, 1)
}

// inside opens one archive at a depth; what is none is left alone.
func (w *walk) inside(path string, content []byte, depth int) error {
	kind := KindOf(content)
	switch {
	case kind == "" || w.limits.Depth == 0:
		return nil
	case depth > w.limits.Depth:
		return w.visit.Unread(path, fmt.Sprintf("lies deeper than %d archives", w.limits.Depth))
	}
	var err error
	switch kind {
	case Zip:
		err = w.zip(path, content, depth)
	case Tar:
		err = w.tar(path, bytes.NewReader(content), depth)
	case Gzip, Bzip2, Xz, Zstd:
		err = w.stream(path, kind, content, depth)
	default:
		err = refuse("is a %s archive, which is not opened", kind)
	}
	if why, refused := err.(*refusal); refused {
		return w.visit.Unread(path, why.text)
	}
	return err
}

// refusal is why an archive is not looked at to its end.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// refused makes a refusal of what a library says about an archive.
func refused(err error) error {
	switch err.(type) {
	case nil, *refusal:
		return err
	}
	return refuse("cannot be opened: %.120v", err)
}

// count takes n more bytes into account.
func (w *walk) count(n int64) error {
	w.bytes += n
	switch {
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case w.bytes > w.limits.Bytes:
		return refuse("holds more than %d MiB", w.limits.Bytes>>20)
	case w.bytes > ratioFloor && w.outer > 0 && w.bytes/w.outer > w.limits.Ratio:
		return refuse("holds more than %d times its own size", w.limits.Ratio)
	}
	return nil
}

// member hands one on, and looks into it where it is an archive itself.
func (w *walk) member(path string, content []byte, notes string, depth int) error {
	if w.members++; w.members > w.limits.Members {
		return refuse("holds more than %d files", w.limits.Members)
	}
	if err := w.visit.Member(Member{path, content, notes}); err != nil {
		return err
	}
	return w.inside(path, content, depth+1)
}
