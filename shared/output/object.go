package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// APIVersion is the version of every object that the workbench writes.
const APIVersion = "clawql.io/v1alpha1"

// Header begins every object; embed it.
type Header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// Head is the Header of a kind, "DeployReport" for instance.
func Head(kind string) Header { return Header{APIVersion: APIVersion, Kind: kind} }

// Problem is an error as a program reads it.
type Problem struct {
	Message string   `json:"message"`
	Hints   []string `json:"hints"`
	Code    int      `json:"code"` // the exit code, see package fault
}

// Failure is the object of a command that failed before it had one of its own.
type Failure struct {
	Header `json:",inline"`
	Error  Problem `json:"error"`
}

// ProblemOf describes err, nil for no error. A report of a kind of its own
// carries it as `error,omitempty`.
func ProblemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	hints := fault.Hints(err)
	if hints == nil {
		hints = []string{}
	}
	return &Problem{Message: err.Error(), Hints: hints, Code: fault.Code(err)}
}

// Encode writes value as one JSON or YAML document. The value must carry
// apiVersion and kind; anything else is a fault of the program, as is a
// format that is not Structured. Nothing is written on an error.
func Encode(w io.Writer, format Format, value any) error {
	document, err := marshal(value)
	if err != nil {
		return fault.Unable("writing the result as %s: %w", format, err)
	}
	switch format {
	case YAML:
		document, err = yaml.JSONToYAML(visible(document, 0xffff)) // which reads no pairs of escapes
	case JSON:
		document = visible(document, unicode.MaxRune)
	default:
		err = errors.New("not a format of objects")
	}
	if err != nil {
		return fault.Unable("writing the result as %s: %w", format, err)
	}
	_, err = w.Write(document)
	return err
}

// marshal is JSON as people like to read it: two spaces, and `<`, `>`, `&` as
// they are, since no browser runs this text.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return b.Bytes(), checkHeader(b.Bytes())
}

// visible writes what a terminal would obey (C1 controls, DEL), what YAML takes
// for a line break, and what hides or turns text around (format characters) as
// JSON escapes, up to a last rune. C0 controls are so already; outside of strings
// JSON has none of them.
func visible(document []byte, last rune) []byte {
	isControl := func(r rune) bool {
		return r >= 0x7f && r <= last && (unicode.In(r, unicode.Cc, unicode.Cf) || r == '\u2028' || r == '\u2029')
	}
	if bytes.IndexFunc(document, isControl) < 0 {
		return document
	}
	var b bytes.Buffer
	for _, r := range string(document) {
		switch {
		case isControl(r) && r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		case isControl(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

func checkHeader(document []byte) error {
	var header Header
	if err := json.Unmarshal(document, &header); err != nil {
		return err
	}
	if header.APIVersion != APIVersion || header.Kind == "" {
		return errors.New("the object lacks apiVersion " + APIVersion + " or a kind")
	}
	return nil
}
