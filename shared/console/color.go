package console

import "io"

// Color says when colour is used.
type Color string

// The values of --color.
const (
	Auto   Color = "auto"
	Always Color = "always"
	Never  Color = "never"
)

// Colors are the allowed values of --color, in the order of the help text.
func Colors() []Color { return []Color{Auto, Always, Never} }

// ParseColor reads a value of --color; "" is Auto. It reports false for any
// other word than the three.
func ParseColor(value string) (Color, bool) {
	if value == "" {
		return Auto, true
	}
	for _, known := range Colors() {
		if value == string(known) {
			return known, true
		}
	}
	return "", false
}

// Paint wraps words in colour, or leaves them alone when colour is off. The
// zero value leaves them alone.
type Paint struct{ on bool }

// Paint is the palette for w. A flag beats the environment: Always is on even
// with NO_COLOR.
func (s Streams) Paint(w io.Writer) Paint {
	switch s.Color {
	case Always:
		return Paint{on: true}
	case Never:
		return Paint{}
	}
	return Paint{on: s.IsTerminal(w) && s.env("NO_COLOR") == "" && !s.dumb()}
}

// Good marks what is as it should be (green).
func (p Paint) Good(text string) string { return p.wrap("32", text) }

// Bad marks a failure (bold red).
func (p Paint) Bad(text string) string { return p.wrap("1;31", text) }

// Warn marks what needs a look (yellow).
func (p Paint) Warn(text string) string { return p.wrap("33", text) }

// Dim marks what can be skipped in reading (faint).
func (p Paint) Dim(text string) string { return p.wrap("2", text) }

// Bold marks what to read first.
func (p Paint) Bold(text string) string { return p.wrap("1", text) }

func (p Paint) wrap(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
