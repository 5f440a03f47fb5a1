package livesecrets

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// Long texts are read in parts, and in parallel: a value that lies across a
// border, wherever that is, is found as often as it stands there.
func TestBorders(t *testing.T) {
	set := setOf(t, token, awkward)
	random := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	want := 0
	for b.Len() < 200_000 {
		for range random.IntN(900) {
			b.WriteByte(byte(random.IntN(256)))
		}
		b.WriteString("\x01" + token + "\x01" + awkward + "\x01")
		want += 2
	}
	text := b.String()
	for name, written := range map[string]string{
		"plain":           text,
		"base64":          base64.StdEncoding.EncodeToString([]byte(text)),
		"base64, wrapped": wrapped(base64.StdEncoding.EncodeToString([]byte(text)), 76, "\n"),
		"hex":             hex.EncodeToString([]byte(text)),
		"all percent":     disguises["all percent"](text),
		"all escaped":     dotNet(strings.ToValidUTF8(text, "?")),
		"json":            asJSON(strings.ToValidUTF8(text, "?")),
	} {
		if hits := set.Find([]byte(written)); len(hits) != want {
			t.Errorf("%s: %d hits, want %d", name, len(hits), want)
		}
	}
}

// A value of a megabyte, and one that repeats itself.
func TestLongValues(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1<<16)
	set := setOf(t, long, "ordinary-value")
	for _, text := range []string{long, base64.StdEncoding.EncodeToString([]byte("x" + long)), asJSON("\n" + long + "\n")} {
		hits := set.Find([]byte(text + " ordinary-value"))
		if len(hits) != 2 || hits[0].Name != "S0" || hits[1].Name != "S1" {
			t.Errorf("%d bytes: %v", len(text), hits)
		}
	}
	if hits := set.Find([]byte(long[1:])); len(hits) > 0 {
		t.Errorf("a part of it is a hit: %v", hits)
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	set, omitted, err := New(testKey(1), map[string][]byte{
		"short": []byte("1234567"), "zeros": make([]byte, 1<<20), "ruler": []byte("----------------"), "empty": nil,
		"word": []byte("localhost\n"), "good": []byte("8 bytes!"), "line": []byte("1234567\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range omitted {
		names = append(names, one.Name)
		if one.Reason == "" {
			t.Errorf("%s is left out without a reason", one.Name)
		}
	}
	if got := strings.Join(names, " "); got != "empty line ruler short word zeros" {
		t.Errorf("left out: %s", got)
	}
	if len(set.Find([]byte("8 bytes! localhost 1234567"))) != 1 {
		t.Error("the one that is in is not found, or another is")
	}
}

func TestWire(t *testing.T) {
	set := setOf(t, token, awkward, pem, cjk)
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{token, token[:16], "BEGIN", "cqk_", base64.StdEncoding.EncodeToString([]byte(token))[:12]} {
		if strings.Contains(string(text), part) {
			t.Errorf("%q of a value is in what is published", part)
		}
	}
	var back Set
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if hits := back.Find([]byte("a " + token + " b")); len(hits) != 1 || hits[0] != (Hit{"S0", "plain", 2, len(token)}) {
		t.Errorf("after the round: %v", hits)
	}
	other, _, _ := New(testKey(8), map[string][]byte{"S0": []byte(token)})
	if a, b := set.Entries()[0], other.Entries()[0]; a.Filter == b.Filter && a.Prefix == b.Prefix || string(a.MAC) == string(b.MAC) {
		t.Error("two keys give the same digests: sessions could be compared")
	}
}

func TestBrokenSetsAreRefused(t *testing.T) {
	good, _ := json.Marshal(setOf(t, token))
	for _, change := range [][2]string{
		{`"length":53`, `"length":7`}, {`"length":53`, `"length":-1`}, {`"length":53`, `"length":99999999`},
		{`"name":"S0"`, `"name":""`}, {`"filter":`, `"filter":9`}, {`"mac":"`, `"mac":"AAAA`}, {`"key":"`, `"key":"AAAA`},
		{`"entries"`, `"rows"`}, {`{`, `[`},
	} {
		bad := strings.Replace(string(good), change[0], change[1], 1)
		if bad == string(good) {
			t.Fatalf("%s is not in %s", change[0], good)
		}
		var set Set
		if err := json.Unmarshal([]byte(bad), &set); err == nil {
			t.Errorf("accepted: %s", bad)
		}
	}
	if _, _, err := New(testKey(1)[:31], nil); err == nil {
		t.Error("a short key is accepted")
	}
	if _, _, err := New(testKey(1), map[string][]byte{"x": make([]byte, MaxLength+1)}); err == nil {
		t.Error("a value above the limit is accepted")
	}
}

// The vectors of the paper: key 00..0f, input 00..0e.
func TestSipHash(t *testing.T) {
	var input []byte
	for i := range 15 {
		input = append(input, byte(i))
	}
	if got := sipHash(0x0706050403020100, 0x0f0e0d0c0b0a0908, input); got != 0xa129ca6149be45e5 {
		t.Errorf("%x", got)
	}
}
