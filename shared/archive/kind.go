package archive

import (
	"bytes"
	"strconv"
	"strings"
)

// Kind is a format of archives or of compressed files.
type Kind string

// The formats that are opened.
const (
	Zip   Kind = "zip"
	Tar   Kind = "tar"
	Gzip  Kind = "gzip"
	Bzip2 Kind = "bzip2"
	Xz    Kind = "xz"
	Zstd  Kind = "zstd"
)

// magics are how files begin; the lower ones are known and not opened.
var magics = []struct {
	kind  Kind
	begin string
}{
	{Zip, "PK\x03\x04"}, {Zip, "PK\x05\x06"}, {Zip, "PK\x07\x08"},
	{Gzip, "\x1f\x8b\x08"}, {Xz, "\xfd7zXZ\x00"}, {Zstd, "\x28\xb5\x2f\xfd"},
	{"7z", "7z\xbc\xaf\x27\x1c"}, {"rar", "Rar!\x1a\x07"}, {"lz4", "\x04\x22\x4d\x18"}, {"lzip", "LZIP\x01"},
	{"snappy", "\xff\x06\x00\x00sNaPpY"}, {"compress", "\x1f\x9d\x90"}, {"cabinet", "MSCF\x00\x00\x00\x00"},
}

// KindOf tells by its content what a file is; "" is no archive that is known.
func KindOf(content []byte) Kind {
	for _, one := range magics {
		if bytes.HasPrefix(content, []byte(one.begin)) {
			return one.kind
		}
	}
	switch {
	case isBzip2(content):
		return Bzip2
	case isSkippable(content):
		return Zstd
	case isTar(content):
		return Tar
	case hasDirectory(content):
		return Zip
	}
	return ""
}

// isBzip2: "BZh", a level, and the first block's mark or the end of an empty
// file.
func isBzip2(b []byte) bool {
	return len(b) >= 10 && string(b[:3]) == "BZh" && b[3] >= '1' && b[3] <= '9' &&
		(string(b[4:10]) == "1AY&SY" || string(b[4:10]) == "\x17\x72\x45\x38\x50\x90")
}

// isSkippable: a zstd file may begin with frames that hold anything.
func isSkippable(b []byte) bool {
	return len(b) >= 8 && b[0]&0xf0 == 0x50 && string(b[1:4]) == "\x2a\x4d\x18"
}

const tarBlock = 512

// isTar checks the sum in the first header, which every tar has, old ones too.
func isTar(b []byte) bool {
	if len(b) < tarBlock || b[0] == 0 && string(b[257:262]) != "ustar" {
		return false
	}
	written := strings.Trim(string(b[148:156]), " \x00")
	want, err := strconv.ParseInt(written, 8, 32)
	if err != nil {
		return false
	}
	var unsigned, signed int64
	for i, c := range b[:tarBlock] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned, signed = unsigned+int64(c), signed+int64(int8(c))
	}
	return want == unsigned || want == signed
}

const (
	endOfDirectory = "PK\x05\x06"
	longestTail    = 22 + 1<<16 // the record, and the longest comment behind it
)

// hasDirectory: programs open a zip that has something else before it, by the
// directory at its end.
func hasDirectory(b []byte) bool {
	tail := b[max(0, len(b)-longestTail):]
	at := bytes.LastIndex(tail, []byte(endOfDirectory))
	return at >= 0 && len(tail)-at >= 22 && bytes.Contains(b, []byte("PK\x01\x02"))
}
