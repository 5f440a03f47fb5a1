// Package output writes results: aligned tables for people, and one versioned
// object as JSON or YAML for programs.
package output

import (
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Format is a value of --output.
type Format string

// The formats that commands offer; a command names those that it has.
const (
	Table    Format = "table"
	JSON     Format = "json"
	YAML     Format = "yaml"
	SARIF    Format = "sarif"
	JUnit    Format = "junit"
	Markdown Format = "markdown"
	HTML     Format = "html"
)

// ParseFormat reads a value of --output; "" is the first of allowed. Any
// other word is a fault.Usage that lists what is allowed.
func ParseFormat(value string, allowed ...Format) (Format, error) {
	if value == "" && len(allowed) > 0 {
		return allowed[0], nil
	}
	if slices.Contains(allowed, Format(value)) {
		return Format(value), nil
	}
	return "", fault.Usage("output format %q is not known; allowed: %s", value, List(allowed))
}

// List writes formats for a sentence: "table, json, yaml".
func List(formats []Format) string {
	words := make([]string, len(formats))
	for i, format := range formats {
		words[i] = string(format)
	}
	return strings.Join(words, ", ")
}

// Structured says whether f is read by programs as one object, so that a
// failure has to be a valid object too.
func (f Format) Structured() bool { return f == JSON || f == YAML }
