package archive

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"io"
	"math"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// The methods of zip that Go's own reader does not know.
const (
	zipBzip2 = 12
	zipZstd  = 93
	zipXz    = 95
)

const encrypted = 1 // the flag of a member that needs a password

func (w *walk) zip(path string, content []byte, depth int) error {
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return refused(err)
	}
	r.RegisterDecompressor(zipBzip2, func(in io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(in)) })
	r.RegisterDecompressor(zipZstd, func(in io.Reader) io.ReadCloser { return opened(zstdReader(in)) })
	r.RegisterDecompressor(zipXz, func(in io.Reader) io.ReadCloser {
		plain, err := xz.NewReader(in)
		return opened(io.NopCloser(plain), err)
	})
	if err := w.ahead(path, content, r.File, depth); err != nil {
		return err
	}
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
			continue
		}
		if err := w.zipped(path+Separator+clean(f.Name), f, depth); err != nil {
			return err
		}
	}
	return nil
}

// ahead looks into a zip that stands before the one that programs open: two of
// them in one file, of which the last one's directory counts.
func (w *walk) ahead(path string, content []byte, files []*zip.File, depth int) error {
	first := int64(len(content))
	for _, f := range files {
		if at, err := f.DataOffset(); err == nil {
			first = min(first, at)
		}
	}
	at := bytes.LastIndex(content[:first], []byte(endOfDirectory))
	if at < 0 || len(files) == 0 || first-int64(at) < 22 {
		return nil
	}
	comment := int64(binary.LittleEndian.Uint16(content[at+20:]))
	end := min(int64(at)+22+comment, first)
	return w.member(path+Separator+"(before its beginning)", content[:end], "", depth)
}

// zipped reads one member. One that cannot be read is unread by itself: the
// others are looked at all the same.
func (w *walk) zipped(path string, f *zip.File, depth int) error {
	if f.Flags&encrypted != 0 {
		return w.visit.Unread(path, "is encrypted")
	}
	in, err := f.Open()
	if err != nil {
		return w.visit.Unread(path, refused(err).Error())
	}
	defer in.Close()
	content, err := w.hold(in, int64(min(f.UncompressedSize64, math.MaxInt64)))
	if err == nil {
		return w.member(path, content, f.Comment, depth)
	}
	if w.bytes > w.limits.Bytes || w.ctx.Err() != nil {
		return err
	}
	return w.visit.Unread(path, refused(err).Error())
}

// hold reads all of in, within the bounds; size is how much is expected, 0 when
// nobody says.
func (w *walk) hold(in io.Reader, size int64) ([]byte, error) {
	var out bytes.Buffer
	if size > 0 && size <= w.limits.Member {
		out.Grow(int(size) + bytes.MinRead)
	}
	for {
		n, err := io.CopyN(&out, in, piece)
		if err := w.count(n); err != nil {
			return nil, err
		}
		switch {
		case err == io.EOF:
			return out.Bytes(), nil
		case err != nil:
			return nil, refused(err)
		case int64(out.Len()) > w.limits.Member:
			return nil, refuse("is larger than %d MiB", w.limits.Member>>20)
		}
	}
}

// piece is how many bytes are taken out before the bounds are asked again.
const piece = 1 << 20

// opened gives a decompressor, or a reader of the error that it began with.
func opened(r io.ReadCloser, err error) io.ReadCloser {
	if err != nil {
		return io.NopCloser(failing{err})
	}
	return r
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

// zstdReader bounds the window, which is memory, at 64 MiB.
func zstdReader(in io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// clean takes what would make a path look like another out of a member's
// name: it is only shown and matched, never written to.
func clean(name string) string {
	return strings.TrimPrefix(strings.ReplaceAll(name, "\\", "/"), "./")
}
