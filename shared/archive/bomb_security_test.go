package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// zeros are n bytes of nothing.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.n <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.n)
	clear(p[:n])
	z.n -= n
	return int(n), nil
}

func zipBomb(files int, each int64) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for range files {
		one, _ := w.Create("z")
		io.Copy(one, &zeros{each})
	}
	w.Close()
	return b.Bytes()
}

// protected is a zip whose member's header has the flag of a password.
func protected() []byte {
	b := zipOf(file{"a.txt", "inside\n"})
	b[6] |= encrypted
	at := bytes.Index(b, []byte("PK\x01\x02"))
	b[at+8] |= encrypted
	return b
}

// tight are bounds like the default ones, in less time.
var tight = Limits{Depth: 3, Bytes: 64 << 20, Member: 20 << 20, Members: 2000, Ratio: 1100}

var bombs = map[string]struct {
	content []byte
	why     string
}{
	"one large member":         {zipBomb(1, 21<<20), "larger than 20 MiB"},
	"many members":             {zipBomb(2_001, 0), "more than 2000 files"},
	"many large members":       {zipBomb(4, 18<<20), "more than 64 MiB"},
	"gzip of zeros":            {gz(make([]byte, 21<<20)), "larger than 20 MiB"},
	"gzip in gzip":             {gz(gz(make([]byte, 18<<20))), "times its own size"},
	"deeper than is looked":    {gz(gz(gz(gz([]byte("x"))))), "deeper than 3"},
	"encrypted":                {protected(), "encrypted"},
	"cut zip":                  {zipOf(file{"a", "b"})[:40], "cannot be opened"},
	"cut gzip":                 {gz([]byte("hello"))[:12], "cannot be opened"},
	"cut xz":                   {xzOf([]byte("hello"))[:30], "cannot be opened"},
	"cut zstd":                 {zst([]byte("hello"))[:9], "cannot be opened"},
	"wrong sum in gzip":        {flip(gz([]byte("hello")), -6), "cannot be opened"},
	"rubbish behind gzip":      {append(gz([]byte("hello")), "rubbish"...), "cannot be opened"},
	"7z":                       {[]byte("7z\xbc\xaf\x27\x1c\x00\x04"), "7z archive"},
	"rar":                      {[]byte("Rar!\x1a\x07\x01\x00"), "rar archive"},
	"lz4":                      {[]byte("\x04\x22\x4d\x18@@"), "lz4 archive"},
	"unknown method in a zip":  {method(98), "cannot be opened"},
	"a zip's list with no end": {[]byte("PK\x03\x04" + strings.Repeat("a", 100)), "cannot be opened"},
}

func flip(b []byte, at int) []byte { b[len(b)+at] ^= 0xff; return b }

func method(n byte) []byte {
	b := zipOf(file{"a.txt", "inside\n"})
	at := bytes.Index(b, []byte("PK\x01\x02"))
	b[8], b[at+10] = n, n
	return b
}

func TestBombsAndWhatCannotBeOpened(t *testing.T) {
	for name, c := range bombs {
		t.Run(name, func(t *testing.T) {
			_, unread := look(t, c.content, tight)
			for _, why := range unread {
				if strings.Contains(why, c.why) {
					return
				}
			}
			t.Errorf("unread %v, want %q", unread, c.why)
		})
	}
}

func TestInterruptedWalkSaysSo(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	err := Walk(ctx, "x", gz(make([]byte, 10<<20)), DefaultLimits(), Visitor{
		Member: func(Member) error { return nil },
		Unread: func(string, string) error { return nil },
	})
	if err != context.Canceled {
		t.Errorf("%v", err)
	}
}
