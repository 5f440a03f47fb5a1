package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"
)

// stream opens a compressed file. What is inside has the path of the file, as
// for gitleaks; a tar in it is the same archive, and not a deeper one.
func (w *walk) stream(path string, kind Kind, content []byte, depth int) error {
	plain, notes, err := decompress(kind, bytes.NewReader(content))
	if err != nil {
		return refused(err)
	}
	defer plain.Close()
	in := bufio.NewReaderSize(plain, 64<<10)
	if head, _ := in.Peek(tarBlock); isTar(head) {
		return w.tar(path, in, depth)
	}
	inner, err := w.hold(in, 0)
	if err != nil {
		return err
	}
	return w.member(path, inner, notes, depth)
}

func decompress(kind Kind, in io.Reader) (plain io.ReadCloser, notes string, err error) {
	switch kind {
	case Gzip:
		r, err := gzip.NewReader(in)
		if err != nil {
			return nil, "", err
		}
		return r, strings.TrimSpace(r.Name + " " + r.Comment), nil
	case Bzip2:
		return io.NopCloser(bzip2.NewReader(in)), "", nil
	case Xz:
		r, err := xz.NewReader(in)
		return io.NopCloser(r), "", err
	}
	plain, err = zstdReader(in)
	return plain, "", err
}

// tar reads members one after another; only one is held at a time.
func (w *walk) tar(path string, in io.Reader, depth int) error {
	r := tar.NewReader(in)
	for {
		head, err := r.Next()
		if err == io.EOF {
			return w.behind(path, in, depth)
		}
		if err != nil {
			return refused(err)
		}
		content, err := w.hold(r, head.Size)
		if err != nil {
			return err
		}
		if head.Typeflag == tar.TypeDir {
			content = nil
		}
		if err := w.member(path+Separator+clean(head.Name), content, notesOf(head), depth); err != nil {
			return err
		}
	}
}

// behind reads what stands behind a tar's end: some programs go on reading.
func (w *walk) behind(path string, in io.Reader, depth int) error {
	rest, err := w.hold(in, 0)
	if err != nil {
		return err
	}
	rest = bytes.Trim(rest, "\x00")
	if len(rest) == 0 {
		return nil
	}
	return w.member(path+Separator+"(behind its end)", rest, "", depth)
}

// notesOf joins what a header says besides name and size.
func notesOf(head *tar.Header) string {
	notes := []string{head.Linkname, head.Uname, head.Gname}
	for _, key := range slices.Sorted(maps.Keys(head.PAXRecords)) {
		if key != "path" && key != "linkpath" {
			notes = append(notes, fmt.Sprintf("%s=%s", key, head.PAXRecords[key]))
		}
	}
	return strings.TrimSpace(strings.Join(notes, "\n"))
}
