package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// canaries are values that may be found nowhere, each named by its place.
type canaries struct {
	values map[string]string // by place
	pieces map[string]string // the place by a piece of what a value looks like in some encoding
	sizes  []int             // of pieces
}

func newCanaries() *canaries {
	return &canaries{values: map[string]string{}, pieces: map[string]string{}}
}

// value is the canary of a place, on one side of the comparison.
func (c *canaries) value(place, side string) string {
	name := place + " of " + side
	if known, has := c.values[name]; has {
		return known
	}
	sum := sha256.Sum256([]byte(name))
	value := "cn" + hex.EncodeToString(sum[:])[:22]
	if strings.HasPrefix(place, "number") { // 15 digits, which a float64 holds
		value = fmt.Sprintf("%d", 900000000000000+uint64(sum[0])<<40+uint64(sum[1])<<32+uint64(sum[2])<<16+uint64(sum[3]))
	}
	c.values[name] = value
	c.learn(name, value)
	return value
}

// learn notes the pieces of a value as it is, in hex, and in base64, once and
// twice, at each of the three places that it can have in a group.
func (c *canaries) learn(name, value string) {
	const plain, encoded = 8, 11
	c.cut(name, value, plain)
	c.cut(name, hex.EncodeToString([]byte(value)), 2*plain)
	for _, once := range inBase64(value) {
		c.cut(name, once, encoded)
		for _, twice := range inBase64(once) {
			c.cut(name, twice, encoded)
		}
	}
}

func (c *canaries) cut(name, text string, size int) {
	if !slices.Contains(c.sizes, size) {
		c.sizes = append(c.sizes, size)
	}
	for i := 0; i+size <= len(text); i++ {
		c.pieces[text[i:i+size]] = name
	}
}

// inBase64 is what of a value's base64 does not depend on its neighbours.
func inBase64(value string) (forms []string) {
	for before := range 3 {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), value...))
		forms = append(forms, text[(before*8+5)/6:(before+len(value))*8/6])
	}
	return forms
}

var breaking = regexp.MustCompile(`[\s\\"'>|-]+`)

// in gives the places whose values can be read in a text, in part and with line
// breaks and quotes between too.
func (c *canaries) in(text string) (places []string) {
	for _, one := range []string{text, breaking.ReplaceAllString(text, ""), strings.ToLower(text)} {
		for _, size := range c.sizes {
			for i := 0; i+size <= len(one); i++ {
				if place, has := c.pieces[one[i:i+size]]; has && !slices.Contains(places, place) {
					places = append(places, place)
				}
			}
		}
	}
	slices.Sort(places)
	return places
}

// none fails where a text holds a canary, but for places that begin so.
func (c *canaries) none(t *testing.T, what, text string, allowed ...string) {
	t.Helper()
	for _, place := range c.in(text) {
		if !slices.ContainsFunc(allowed, func(start string) bool { return strings.HasPrefix(place, start) }) {
			t.Errorf("%s holds the value of %s", what, place)
		}
	}
}

var placeholder = regexp.MustCompile(`\$\{([a-z0-9]*:)?([^}]+)\}`)

// plant fills ${place}, ${b64:place}, ${twice:place}, ${fold:place} and
// ${url:place} with the values of a side.
func (c *canaries) plant(text, side string) string {
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		parts := placeholder.FindStringSubmatch(match)
		value := c.value(parts[2], side)
		encode := base64.StdEncoding.EncodeToString
		switch parts[1] {
		case "b64:":
			return encode([]byte(value))
		case "twice:":
			return encode([]byte(encode([]byte(value))))
		case "fold:": // a quoted scalar that goes on in the next line
			return value[:9] + "\\\n      " + value[9:]
		case "url:":
			return "postgres%3A%2F%2Fu%3A" + value + "%40db"
		}
		return value
	})
}

// The search finds a value in every way in which one is planted, so that a test
// that finds none means something.
func TestCanariesAreFound(t *testing.T) {
	c := newCanaries()
	value := c.value("a place", "staging")
	encode := base64.StdEncoding.EncodeToString
	for what, text := range map[string]string{
		"plain": "x " + value + " y", "in a row": "xx" + value + "yy", "beginning": value[:8], "wrapped": value[:6] + "\n       " + value[6:], "quoted": value[:7] + "\"\n\"" + value[7:],
		"base64": encode([]byte(value)), "base64 behind one": encode([]byte("x" + value)), "base64 behind two": encode([]byte("xy" + value + "z")),
		"twice": encode([]byte(encode([]byte(value)))), "twice, within": encode([]byte("a" + encode([]byte("b"+value)))), "hex": hex.EncodeToString([]byte(value)),
		"upper case": strings.ToUpper(value), "base64 in lines": encode([]byte(value))[:13] + "\n" + encode([]byte(value))[13:],
		"folded": c.plant("${fold:a place}", "staging"), "in a URL": c.plant("${url:a place}", "staging"),
	} {
		if found := c.in(text); !slices.Equal(found, []string{"a place of staging"}) {
			t.Errorf("%s: %v in %s", what, found, text)
		}
	}
	if found := c.in("[redacted 0123456789ab] " + value[:7]); found != nil {
		t.Errorf("found %v in nothing", found)
	}
}
