package leaktest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
)

// planted is a line or more with a secret or a near miss, as it stands or
// encoded.
func (f *Forge) planted() string {
	text := f.Secret()
	if f.random.Intn(3) == 0 {
		text = f.NearMiss()
	}
	return f.placed(f.encoded(text))
}

// encoded wraps a text now and then, twice at times.
func (f *Forge) encoded(text string) string {
	for range f.random.Intn(3) {
		switch f.random.Intn(9) {
		case 0:
			text = base64.StdEncoding.EncodeToString([]byte(text))
		case 1:
			text = base64.RawURLEncoding.EncodeToString([]byte("x=" + text + "\n"))
		case 2:
			text = hex.EncodeToString([]byte(text))
		case 3:
			text = url.QueryEscape(text)
		case 4:
			text = eachByte(text, "\\u%04x")
		case 5:
			text = eachByte(text, "U+%04X ")
		}
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

// placed puts a text where secrets stand in files.
func (f *Forge) placed(text string) string {
	name := f.word()
	switch f.random.Intn(12) {
	case 0:
		return fmt.Sprintf("const %s = %q\n", name, text)
	case 1:
		return fmt.Sprintf("  %q: %q,\n", name+"_token", text)
	case 2:
		return fmt.Sprintf("export %s_SECRET=%s\n", strings.ToUpper(name), text)
	case 3:
		return fmt.Sprintf("%s_key: %s\n", name, text)
	case 4:
		return fmt.Sprintf("curl -H \"Authorization: Bearer %s\" https://%s.example.com/\n", text, name)
	case 5:
		return fmt.Sprintf("%s // gitleaks:allow\n", text)
	case 6:
		return fmt.Sprintf("{%s:'%s',b:1}", name, text)
	case 7:
		return fmt.Sprintf("# %s %s\r\n", name, text)
	case 8:
		return fmt.Sprintf("password = '%s'; %s\n", text, f.placedPlain())
	}
	return text + "\n"
}

// placedPlain is a second secret on a line.
func (f *Forge) placedPlain() string { return "api_key=\"" + f.Secret() + "\"" }

var words = strings.Fields("server client handler parse token key config secret garden access author value index buffer stream request " +
	"response message payload context session worker queue cache table record module export import signature certificate")

func (f *Forge) word() string { return words[f.random.Intn(len(words))] }

// letters are n at random out of a set.
func (f *Forge) letters(n int, set string) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = set[f.random.Intn(len(set))]
	}
	return string(text)
}

const (
	hexDigits = "0123456789abcdef"
	base64Set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)
