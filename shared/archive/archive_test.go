package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// look gives members and what was unread, by path.
func look(t testing.TB, content []byte, limits Limits) (members, unread map[string]string) {
	t.Helper()
	members, unread = map[string]string{}, map[string]string{}
	err := Walk(context.Background(), "x", content, limits, Visitor{
		Member: func(m Member) error { members[m.Path] = string(m.Content) + m.Notes; return nil },
		Unread: func(path, why string) error { unread[path] = why; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return members, unread
}

type file struct{ name, text string }

func zipOf(files ...file) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		one, _ := w.Create(f.name)
		io.WriteString(one, f.text)
	}
	w.Close()
	return b.Bytes()
}

func tarOf(files ...file) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o644, Typeflag: tar.TypeReg})
		io.WriteString(w, f.text)
	}
	w.Close()
	return b.Bytes()
}

func gz(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

func xzOf(content []byte) []byte {
	var b bytes.Buffer
	w, _ := xz.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

func zst(content []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(content, nil)
}

func fixture(text string) []byte {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// Made by bzip2 and by Python's zipfile: Go has no writer of bzip2.
var (
	bz2Inside = fixture("QlpoOTFBWSZTWfVX77UAAAJBgAAQBiEIACAAIhmgMAYWFwu5IpwoSHqr99qA")
	zipBz2    = fixture("UEsDBC4AAAAMAHIfd130j2H+LQAAAAcAAAAFAAAAYS50eHRCWmg5MUFZJlNZ9VfvtQAAAkGAABAGIQgAIAAiGaAwBhYXC7kinChIeqv32oBQSwECLgMuAAAADAByH3dd9I9h/i0AAAAHAAAABQAAAAAAAAAAAAAAgAEAAAAAYS50eHRQSwUGAAAAAAEAAQAzAAAAUAAAAAAA")
)

func TestFormats(t *testing.T) {
	in := []byte("inside\n")
	a := file{"a.txt", "inside\n"}
	for name, c := range map[string]struct {
		content []byte
		paths   []string
	}{
		"zip":                {zipOf(a, file{"d/b.txt", "inside\n"}), []string{"x!a.txt", "x!d/b.txt"}},
		"zip behind a stub":  {append([]byte("#!/bin/sh\n"), zipOf(a)...), []string{"x!a.txt"}},
		"zip with bzip2":     {zipBz2, []string{"x!a.txt"}},
		"tar":                {tarOf(a), []string{"x!a.txt"}},
		"tar.gz":             {gz(tarOf(a)), []string{"x!a.txt"}},
		"tar.xz":             {xzOf(tarOf(a)), []string{"x!a.txt"}},
		"tar.zst":            {zst(tarOf(a)), []string{"x!a.txt"}},
		"gz":                 {gz(in), []string{"x"}},
		"two gz in a row":    {append(gz([]byte("ins")), gz([]byte("ide\n"))...), []string{"x"}},
		"xz":                 {xzOf(in), []string{"x"}},
		"zst":                {zst(in), []string{"x"}},
		"zst, skipped frame": {append([]byte("\x50\x2a\x4d\x18\x01\x00\x00\x00x"), zst(in)...), []string{"x"}},
		"bz2":                {bz2Inside, []string{"x"}},
	} {
		members, unread := look(t, c.content, DefaultLimits())
		if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, c.paths) || len(unread) > 0 {
			t.Errorf("%s: %v, unread %v", name, got, unread)
		}
		for path, text := range members {
			if text != "inside\n" {
				t.Errorf("%s: %s holds %q", name, path, text)
			}
		}
	}
}

func TestWhatIsNoArchive(t *testing.T) {
	for _, text := range []string{"", "PK", "hello", strings.Repeat("a", 600), "BZh9 is how it begins", "text with PK\x05\x06 in it", "\x1f\x8b"} {
		if members, unread := look(t, []byte(text), DefaultLimits()); len(members)+len(unread) > 0 {
			t.Errorf("%.20q: %v %v", text, members, unread)
		}
	}
}

func TestNestedAndTooDeep(t *testing.T) {
	deep := zipOf(file{"c.txt", "inside\n"})
	for range 3 {
		deep = zipOf(file{"n.zip", string(deep)})
	}
	_, unread := look(t, deep, DefaultLimits())
	if why := unread["x!n.zip!n.zip!n.zip"]; !strings.Contains(why, "deeper than 3") {
		t.Errorf("unread %v", unread)
	}
	limits := DefaultLimits()
	limits.Depth = 4
	members, unread := look(t, deep, limits)
	if members["x!n.zip!n.zip!n.zip!c.txt"] != "inside\n" || len(unread) > 0 {
		t.Errorf("unread %v", unread)
	}
	limits.Depth = 0
	if members, unread := look(t, deep, limits); len(members)+len(unread) > 0 {
		t.Error("depth 0 opened something")
	}
}

// What an archive says beside its files is handed on too.
func TestNotes(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "target", Uname: "user"})
	w.WriteHeader(&tar.Header{Name: "p", Typeflag: tar.TypeReg, PAXRecords: map[string]string{"X.note": "said"}})
	w.Close()
	members, _ := look(t, append(b.Bytes(), tarOf(file{"late", "late\n"})...), DefaultLimits())
	for path, want := range map[string]string{"x!l": "target\nuser", "x!p": "X.note=said", "x!(behind its end)!late": "late\n"} {
		if !strings.Contains(members[path], want) {
			t.Errorf("%s: %q", path, members[path])
		}
	}
}

// Of two zips in one file programs open the last; the first is there too.
func TestTwoZipsInOneFile(t *testing.T) {
	one, two := zipOf(file{"a", "inside\n"}), zipOf(file{"b", "b\n"})
	members, unread := look(t, append(append([]byte{}, one...), two...), DefaultLimits())
	if members["x!(before its beginning)!a"] != "inside\n" || members["x!b"] != "b\n" || len(unread) > 0 {
		t.Errorf("%v %v", slices.Sorted(maps.Keys(members)), unread)
	}
	stored := zipOf(file{"n.zip", string(one)})
	if members, _ := look(t, stored, DefaultLimits()); len(members) != 2 {
		t.Errorf("a zip in a zip: %v", slices.Sorted(maps.Keys(members)))
	}
}

func FuzzWalk(f *testing.F) {
	for _, seed := range [][]byte{
		zipOf(file{"a", "b"}), tarOf(file{"a", "b"}), gz([]byte("b")), xzOf([]byte("b")), zst([]byte("b")), bz2Inside,
		zipBz2, gz(tarOf(file{"a.zip", string(zipOf(file{"a", "b"}))})), []byte("7z\xbc\xaf\x27\x1c"),
	} {
		f.Add(seed)
	}
	limits := Limits{Depth: 3, Bytes: 1 << 20, Member: 1 << 19, Members: 100, Ratio: 1000}
	f.Fuzz(func(t *testing.T, content []byte) {
		var total int64
		told := 0
		err := Walk(context.Background(), "x", content, limits, Visitor{
			Member: func(m Member) error { total += int64(len(m.Content)); told++; return nil },
			Unread: func(_, why string) error {
				if why == "" {
					t.Error("unread without a reason")
				}
				told++
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if total > limits.Bytes+1<<20 {
			t.Errorf("%d bytes came out", total)
		}
		empty := KindOf(content) == Tar || KindOf(content) == Zip
		if KindOf(content) != "" && told == 0 && !empty {
			t.Errorf("a %s without a word", KindOf(content))
		}
	})
}
