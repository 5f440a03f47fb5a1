// Package sarif holds the parts of SARIF 2.1.0 (OASIS standard) that code hosts
// and editors read, and writes them.
package sarif

import (
	"encoding/json"
	"io"
	"net/url"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/release"
)

// Levels of a result.
const (
	Error   = "error"
	Warning = "warning"
	Note    = "note"
)

// Text is a message, plain.
type Text struct {
	Text string `json:"text"`
}

// File is the Artifact at a path with slashes, relative to where the reader is.
func File(path string) Artifact { return Artifact{(&url.URL{Path: path}).String()} }

// Region is lines of a file, from 1, both included.
type Region struct {
	StartLine int `json:"startLine"`
	EndLine   int `json:"endLine"`
}

// Artifact is a file; URI is a reference, with what is no part of one escaped.
type Artifact struct {
	URI string `json:"uri"`
}

// Physical is a place in a file.
type Physical struct {
	Artifact Artifact `json:"artifactLocation"`
	Region   *Region  `json:"region,omitempty"`
}

// Logical is a place that is no file: an object of a cluster.
type Logical struct {
	Name string `json:"name"`
	Full string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

// Location is where a result is.
type Location struct {
	Physical *Physical `json:"physicalLocation,omitempty"`
	Logical  []Logical `json:"logicalLocations,omitempty"`
}

// Suppression says that somebody accepted a result.
type Suppression struct {
	Kind          string `json:"kind"`   // external: it stands in another file
	Status        string `json:"status"` // accepted
	Justification string `json:"justification,omitempty"`
}

// Result is one finding. Fingerprints tell a code host that it is the same one
// as last time.
type Result struct {
	Fingerprints map[string]string `json:"partialFingerprints"`
	RuleID       string            `json:"ruleId"`
	Level        string            `json:"level"`
	Message      Text              `json:"message"`
	Locations    []Location        `json:"locations,omitempty"`
	Suppressions []Suppression     `json:"suppressions,omitempty"`
}

// Rule is what a result is an instance of.
type Rule struct {
	ID    string `json:"id"`
	Short Text   `json:"shortDescription"`
}

// Driver is the tool.
type Driver struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Rules   []Rule `json:"rules"`
}

// Tool holds the Driver.
type Tool struct {
	Driver Driver `json:"driver"`
}

// Notification is what a tool has to say about its own run.
type Notification struct {
	Level   string `json:"level"`
	Message Text   `json:"message"`
}

// Invocation says how a run went; one that was not whole was not successful.
type Invocation struct {
	Successful    bool           `json:"executionSuccessful"`
	Notifications []Notification `json:"toolExecutionNotifications,omitempty"`
}

// Run is one run of a tool.
type Run struct {
	Tool        Tool         `json:"tool"`
	Invocations []Invocation `json:"invocations,omitempty"`
	Results     []Result     `json:"results"`
}

type file struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []Run  `json:"runs"`
}

// NewRun is a run of a tool of this release, without results.
func NewRun(tool string) Run {
	return Run{Tool: Tool{Driver{Name: tool, Version: release.Version(), Rules: []Rule{}}}, Results: []Result{}}
}

// Rule adds a rule, once.
func (r *Run) Rule(id, description string) {
	for _, known := range r.Tool.Driver.Rules {
		if known.ID == id {
			return
		}
	}
	r.Tool.Driver.Rules = append(r.Tool.Driver.Rules, Rule{id, Text{description}})
}

// Write writes a file with one run.
func Write(w io.Writer, r Run) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(file{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []Run{r}}); err != nil {
		return fault.Unable("write the result as sarif: %w", err)
	}
	return nil
}
