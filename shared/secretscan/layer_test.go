package secretscan

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/zricethezav/gitleaks/v8/detect/codec"
)

// sameLayers decodes a text as often as a scan does, and compares each pass
// with gitleaks' decoder: the text, and what it says of places in it.
func sameLayers(t testing.TB, text string, random *rand.Rand) (passes int) {
	t.Helper()
	theirText := text
	decoder := codec.NewDecoder()
	var theirs []*codec.EncodedSegment
	look := decoded{text: text}
	for passes < decodeDepth {
		theirText, theirs = decoder.Decode(theirText, theirs)
		more := look.next()
		ours, ourText := look.layer, look.text
		if theirText != ourText || (len(theirs) > 0) != more {
			t.Fatalf("pass %d over %q:\n gitleaks %q, %d segments\n ours     %q", passes+1, text, theirText, len(theirs), ourText)
		}
		if !more {
			break
		}
		passes++
		for range 30 {
			from := random.Intn(len(ourText) + 1)
			samePlace(t, ourText, theirs, ours, span{from, from + random.Intn(len(ourText)+1-from)})
		}
		for _, s := range ours.segments {
			samePlace(t, ourText, theirs, ours, s.decoded.span())
		}
	}
	return passes
}

func samePlace(t testing.TB, text string, theirs []*codec.EncodedSegment, ours *layer, place span) {
	t.Helper()
	say := func(count int, tags []string, from, to int, line string) string {
		return fmt.Sprintf("%d segments, %v, %d-%d, line %q", count, tags, from, to, line)
	}
	some := codec.SegmentsWithDecodedOverlap(theirs, place.from, place.to)
	mine := ours.over(place)
	if len(some) == 0 && len(mine) == 0 {
		return
	}
	at := codec.AdjustMatchIndex(some, []int{place.from, place.to})
	want := say(len(some), codec.Tags(some), at[0], at[1], codec.CurrentLine(some, text))
	from := ours.origin(place)
	if got := say(len(mine), ours.tagsOf(mine), from.from, from.to, lineOf(text, mine)); len(mine) == 0 || got != want {
		t.Fatalf("%v of %q:\n gitleaks %s\n ours     %s", place, text, want, got)
	}
}

// encode wraps a text in one of the encodings, of which some are broken.
func encode(random *rand.Rand, text string) string {
	switch random.Intn(9) {
	case 0:
		return base64.StdEncoding.EncodeToString([]byte(text))
	case 1:
		return base64.RawURLEncoding.EncodeToString([]byte(text))
	case 2:
		return hex.EncodeToString([]byte(text))
	case 3:
		return url.QueryEscape(text)
	case 4:
		return eachByte(text, "\\u%04x")
	case 5:
		return eachByte(text, "\\\\U%04X")
	case 6:
		return eachByte(text, "U+%04X ")
	case 7:
		return eachByte(text, "%%%02x")
	}
	return text
}

func eachByte(text, verb string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, verb, text[i])
	}
	return b.String()
}

var crumbs = []string{
	"U+0041", "U+0041 ", "U+d800\n", "\\u0041", "\\\\\\u0042", "\\\\u00e9", "\\U0043", "%41", "%4", "%zz%41", "%0a", "%7f", "=", "==", "===", "\n", " ", "\r",
	"abcdefghijklmnop", "abcdefghijklmno1", "0123456789abcdef0123456789abcdef", "ABCDEFabcdefABCDEFabcdefABCDEFab", "4142434445464748494a4b4c4d4e4f50",
	"é", "\xff", "+", "/", "-", "_", "U", "\\", "%", "x = ", "aGVsbG8gd29ybGQsIGhlbGxv", "aGVsbG8gd29ybGQsIGhlbGxv==", "aGVsbG8_d29ybGQ-aGVsbG8_d2", "",
}

// tangled is a text of encodings in one another and of pieces of them.
func tangled(random *rand.Rand) string {
	var b strings.Builder
	for range 1 + random.Intn(8) {
		text := crumbs[random.Intn(len(crumbs))]
		for range random.Intn(5) {
			text = encode(random, text+crumbs[random.Intn(len(crumbs))])
		}
		if len(text) < 4000 {
			b.WriteString(text)
		}
	}
	return b.String()
}

func TestDecodesAsGitleaks(t *testing.T) {
	random := rand.New(rand.NewSource(5))
	var passes [decodeDepth + 1]int
	for range 4000 {
		passes[sameLayers(t, tangled(random), random)]++
	}
	t.Logf("texts by their number of passes: %v", passes)
	if slices.Min(passes[:4]) < 20 {
		t.Errorf("too few texts of a depth: %v", passes)
	}
}

// FuzzDecodesAsGitleaks looks for texts that the two decode otherwise. As
// above: -fuzzminimizetime 50x.
func FuzzDecodesAsGitleaks(f *testing.F) {
	random := rand.New(rand.NewSource(6))
	for range 40 {
		f.Add(tangled(random))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 1<<12 {
			sameLayers(t, text, rand.New(rand.NewSource(int64(len(text)))))
		}
	})
}
