// Package dotenv reads .env files. It never says what stands in a bad line:
// that may be a secret.
//
// There is no standard. This is what dotenv (JavaScript), Docker Compose and
// the shell agree on, and where they differ, an error or the literal text:
//
//   - a line is empty, a comment from #, or [export ]NAME=VALUE; a NAME is a
//     letter or underscore, then letters, digits and underscores;
//   - VALUE without quotes ends at the end of the line or before a # that
//     follows a space; the space around it does not count;
//   - in single quotes and in backquotes everything is literal, line breaks too;
//   - in double quotes \n \r \t \" \\ \$ \` and a backslash at the end of a line
//     (which joins lines) mean what they mean to the shell or to JSON; any other
//     backslash is itself; line breaks are allowed;
//   - behind a closing quote there is only space or a comment;
//   - $NAME is not expanded: passwords have dollar signs;
//   - a NAME that comes twice is an error, as it hides which value counts.
//
// Lines may end in LF or CRLF; a line break in a value is LF. A byte order
// mark at the start is skipped.
package dotenv

import (
	"bytes"
	"unicode/utf8"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Variable is one assignment.
type Variable struct {
	Name  string
	Value []byte
	Line  int // where it begins, from 1
}

// Parse reads a file. What is wrong with it is a fault.Usage (exit 2) with
// the number of the line and without a byte of it.
func Parse(text []byte) ([]Variable, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return nil, fault.Usage("the file is not UTF-8 text").Hint("a file that PowerShell wrote may be UTF-16: convert it first")
	}
	p := &parser{rest: bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), line: 1}
	first := map[string]int{}
	var all []Variable
	for p.skip(); len(p.rest) > 0; p.skip() {
		one, err := p.variable()
		if err != nil {
			return nil, err
		}
		if line, ok := first[one.Name]; ok {
			return nil, fault.Usage("line %d: %s is set a second time, first in line %d", one.Line, one.Name, line)
		}
		first[one.Name] = one.Line
		all = append(all, one)
	}
	return all, nil
}

type parser struct {
	rest []byte
	line int
}

func (p *parser) wrong(line int, what string) error { return fault.Usage("line %d: %s", line, what) }

// take goes on by n bytes and returns them.
func (p *parser) take(n int) []byte {
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	p.line += bytes.Count(taken, []byte("\n"))
	return taken
}

// spaces goes over space within a line.
func (p *parser) spaces() {
	p.take(len(p.rest) - len(bytes.TrimLeft(p.rest, " \t")))
}

// skip goes over empty lines and comments.
func (p *parser) skip() {
	for len(p.rest) > 0 {
		p.take(len(p.rest) - len(bytes.TrimLeft(p.rest, " \t\n")))
		if len(p.rest) == 0 || p.rest[0] != '#' {
			return
		}
		p.take(p.untilBreak())
	}
}

// untilBreak is the number of bytes up to the end of the line.
func (p *parser) untilBreak() int {
	if at := bytes.IndexByte(p.rest, '\n'); at >= 0 {
		return at
	}
	return len(p.rest)
}

func (p *parser) variable() (Variable, error) {
	line := p.line
	if after, ok := bytes.CutPrefix(p.rest, []byte("export")); ok && len(after) > 0 && (after[0] == ' ' || after[0] == '\t') {
		p.take(len("export"))
		p.spaces()
	}
	name := string(p.take(nameLength(p.rest)))
	p.spaces()
	if name == "" || len(p.rest) == 0 || p.rest[0] != '=' {
		return Variable{}, p.wrong(line, "not of the form NAME=VALUE (a name has letters, digits and underscores, and begins with no digit)")
	}
	p.take(1)
	p.spaces()
	value, err := p.value(line)
	return Variable{name, value, line}, err
}

func nameLength(text []byte) int {
	for i, b := range text {
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_'
		if !letter && (i == 0 || b < '0' || b > '9') {
			return i
		}
	}
	return len(text)
}

func (p *parser) value(line int) ([]byte, error) {
	if len(p.rest) == 0 {
		return []byte{}, nil
	}
	switch quote := p.rest[0]; quote {
	case '"':
		return p.quoted(line, doubleQuoted)
	case '\'', '`':
		return p.quoted(line, func(text []byte) ([]byte, int) { return literal(text, quote) })
	}
	return p.bare(), nil
}

func (p *parser) bare() []byte {
	whole := p.take(p.untilBreak())
	for i, b := range whole {
		if b == '#' && (i == 0 || whole[i-1] == ' ' || whole[i-1] == '\t') {
			whole = whole[:i]
			break
		}
	}
	return bytes.TrimRight(whole, " \t\r")
}

// quoted reads a value whose opening quote is next. read gets what follows
// that and returns the value and how long it was with the closing quote, 0
// where that is missing.
func (p *parser) quoted(line int, read func([]byte) ([]byte, int)) ([]byte, error) {
	value, size := read(p.rest[1:])
	if size == 0 {
		return nil, p.wrong(line, "the quote that opens here is never closed")
	}
	p.take(1 + size)
	end := p.line
	p.spaces()
	if len(p.rest) > 0 && p.rest[0] != '\n' && p.rest[0] != '#' {
		return nil, p.wrong(end, "there is text behind the closing quote")
	}
	p.take(p.untilBreak())
	return value, nil
}

func literal(text []byte, quote byte) ([]byte, int) {
	end := bytes.IndexByte(text, quote)
	if end < 0 {
		return nil, 0
	}
	return text[:end], end + 1
}

// escapes in double quotes; a backslash before anything else is itself.
var escapes = map[byte]string{'n': "\n", 'r': "\r", 't': "\t", '"': `"`, '\\': `\`, '$': "$", '`': "`", '\n': ""}

func doubleQuoted(text []byte) ([]byte, int) {
	value := []byte{}
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '"':
			return value, i + 1
		case b == '\\' && i+1 < len(text):
			meaning, ok := escapes[text[i+1]]
			if !ok {
				value = append(value, b)
				continue
			}
			value = append(value, meaning...)
			i++
		default:
			value = append(value, b)
		}
	}
	return nil, 0
}
