package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/project"
)

// hostile are texts that somebody who can name an object, or write a manifest,
// could try on whoever reads the report.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title><script>`, `</style><script>`, `javascript:alert(1)`,
	`' onmouseover='x`, `{{.From}}`, "a\x1b[31m\x1b]0;title\x07b", "a\u202eb", `]]><x>`, `&lt;script&gt;`, "nul\x00\x01", `[x](javascript:alert(1))`, "a|b\n| c | d |", `<svg onload=x>`,
	"::stop-commands::x", "  ::error file=a::b", "a\n::set-output name=a::b", "##[add-mask]a", "x ##[error]y", "a\r::warning::b", "a\u0085::debug::b", "a\u2028::notice::b",
	"=HYPERLINK(\"http://x\")", "+cmd|' /C calc'!A0", "@here", "@octo/team", "<!channel>", "<https://x|y>", "&#64;team", "&lt;b&gt;", "#1", "GH-1", "https://evil.example", "www.evil.example",
	"\u009b31mred", "a\u009d0;title\u009cb", "a\x7fb", "a\u200bb\u2066c", "a\U000e0041b", "\x1b]8;;http://x\x07link\x1b]8;;\x07", "\x1bP+q\x1b\\", "$(touch x)", "`touch x`", "'; touch x; '", "CLAWQL_END", "\nCLAWQL_END\ntouch x",
	"]]>", "<?xml version=\"1.0\"?>", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>&b;", "${jndi:ldap://x}", "%s%n%d", "a\tb", strings.Repeat("long ", 200), strings.Repeat("x", 3000),
}

// attacked is a report in which every text from outside is one of hostile.
func attacked(text string) (options, *driftcheck.Report) {
	f := finding.Finding{
		ID: "0123456789ab", Control: "NetworkPolicy", Severity: finding.High, Direction: finding.MorePermissive,
		Object: finding.Object{APIVersion: "v1", Kind: text, Namespace: text, Name: text}, From: text, To: text, Explanation: text,
		LastChanged: &finding.Change{Manager: text, Time: noon},
		Witness: &finding.Witness{Kind: "connection", Text: text + " -> " + text + " port 1/TCP", Details: map[string]string{
			"sourceNamespace": text, "sourceWorkload": text, "sourceLabels": text, "sourceAddress": text, "destinationNamespace": text,
			"destinationLabels": text, "port": text, "protocol": text,
		}},
	}
	other := f
	other.Control, other.Witness, other.Direction = text, nil, finding.Different
	r := &driftcheck.Report{
		Findings: []finding.Finding{f, other}, Incomplete: []string{text}, Warnings: []string{text},
		Excepted: []driftcheck.Excepted{{Finding: f, Exception: project.DriftException{Control: text, Object: text, Reason: text, Owner: text}}},
	}
	r.Status, r.Summary = finding.Incomplete, finding.Summarize(r.Findings)
	return options{from: side{name: text}, to: side{name: text}}, r
}

func shown(t *testing.T, format output.Format, o options, r *driftcheck.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := show(console.Streams{Out: &b}, format, o, r, places{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// The page's elements and attributes are those of its template, whatever the
// names are; nothing in it could run, or be fetched.
func TestHostileNamesInHTML(t *testing.T) {
	shape := ""
	for _, text := range append([]string{"harmless"}, hostile...) {
		o, r := attacked(text)
		page := shown(t, output.HTML, o, r)
		got := shapeOf(t, page)
		if shape == "" {
			shape = got
		}
		if got != shape {
			t.Errorf("%q changes the page:\n%s\nagainst\n%s", text, got, shape)
		}
	}
}

// places of the picture, which depend on how long the texts are.
var drawnTags = []string{"rect", "text", "svg", "path", "g"}

// shapeOf lists tags and attributes, and checks each.
func shapeOf(t *testing.T, page string) string {
	t.Helper()
	var shape []string
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			if tokens.Err() != io.EOF {
				t.Fatal(tokens.Err())
			}
			return strings.Join(shape, " ")
		}
		token := tokens.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		if token.Data == "script" || token.Data == "img" || token.Data == "link" || token.Data == "iframe" {
			t.Errorf("a %s", token.Data)
		}
		for _, a := range token.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" || a.Key == "style" || strings.Contains(a.Val, "://") {
				t.Errorf("%s has %s=%q", token.Data, a.Key, a.Val)
			}
		}
		drawn := false
		for _, tag := range drawnTags {
			drawn = drawn || token.Data == tag
		}
		if !drawn {
			shape = append(shape, token.String())
		}
	}
}

// Nothing is fetched, and nothing runs.
func TestPageStandsAlone(t *testing.T) {
	o, r := told()
	page := shown(t, output.HTML, o, r)
	for _, never := range []string{"<script", "http://", "https://", "url(", "@import", "src=", "href="} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
	for _, want := range []string{"default-src 'none'", `class="narrow"`, `class="wide"`, "9090/TCP", "kubectl-edit, ", "no right to list"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestHostileNamesInJUnit(t *testing.T) {
	for _, text := range hostile {
		o, r := attacked(text)
		var got junitSuites
		if err := xml.Unmarshal([]byte(shown(t, output.JUnit, o, r)), &got); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		s := got.Suites[0]
		if s.Failures != 2 || s.Errors != 1 || s.Tests != len(s.Cases) || s.Skipped != s.Tests-3 {
			t.Errorf("%q: %d tests, %d failed, %d errors, %d skipped", text, s.Tests, s.Failures, s.Errors, s.Skipped)
		}
	}
}

func TestHostileNamesInSARIF(t *testing.T) {
	for _, text := range hostile {
		o, r := attacked(text)
		var got map[string]any
		if err := json.Unmarshal([]byte(shown(t, output.SARIF, o, r)), &got); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

var control = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

// No format that a person reads carries a control character or an override of
// the direction of writing.
func TestNoControlCharacters(t *testing.T) {
	for _, text := range hostile {
		for _, format := range []output.Format{output.Table, output.Markdown, output.HTML, output.JUnit, output.JSON, output.SARIF} {
			o, r := attacked(text)
			if found := control.FindString(shown(t, format, o, r)); found != "" {
				t.Errorf("%s of %q has %q", format, text, found)
			}
		}
	}
}

// liveText is what a code host makes a link, a mention or a character of.
var liveText = regexp.MustCompile(`@[a-z]|#[0-9]|GH-[0-9]|://|www\.|&#`)

// No line of a format that stands in a job's log is a command of its runner.
func TestHostileNamesAreNoCommands(t *testing.T) {
	command := regexp.MustCompile(`(?m)^\s*::|##\[`)
	for _, text := range hostile {
		for _, format := range []output.Format{output.Table, output.Markdown, output.JUnit} {
			for _, columns := range []string{"", strings.Repeat("w ", 20), strings.Repeat("w", 62) + " "} { // wrapped before it, too
				o, r := attacked(columns + text)
				if found := command.FindString(shown(t, format, o, r)); found != "" {
					t.Errorf("%s of %q has %q", format, text, found)
				}
			}
		}
	}
}

// A message of SARIF is text: no [link](to somewhere).
func TestHostileNamesAreNoLinksInSARIF(t *testing.T) {
	for _, text := range hostile {
		o, r := attacked(text)
		var got sarifLog
		if err := json.Unmarshal([]byte(shown(t, output.SARIF, o, r)), &got); err != nil {
			t.Fatal(err)
		}
		run := got.Runs[0]
		messages := []string{run.Invocations[0].Notifications[0].Message.Text}
		for _, one := range run.Results {
			messages = append(messages, one.Message.Text)
		}
		for _, message := range messages {
			if strings.Contains(message, "](") {
				t.Errorf("%q is a link: %s", text, message)
			}
		}
	}
}

// What a program reads says exactly what the names are.
func TestHostileNamesSurviveJSONAndYAML(t *testing.T) {
	for _, text := range hostile {
		if !utf8.ValidString(text) {
			continue
		}
		o, r := attacked(text)
		var fromJSON, fromYAML driftReport
		if err := json.Unmarshal([]byte(shown(t, output.JSON, o, r)), &fromJSON); err != nil || fromJSON.Findings[0].Object.Name != text || fromJSON.Findings[0].Explanation != text {
			t.Errorf("JSON of %q: %v, %q", text, err, fromJSON.Findings[0].Object.Name)
		}
		if err := yaml.UnmarshalStrict([]byte(shown(t, output.YAML, o, r)), &fromYAML); err != nil || fromYAML.Findings[0].Object.Name != text {
			t.Errorf("YAML of %q: %v", text, err)
		}
	}
}

// A row of Markdown stays one row of five cells, with no HTML and no link.
func TestHostileNamesInMarkdown(t *testing.T) {
	cells := regexp.MustCompile(`(^|[^\\])\|`)
	for _, text := range hostile {
		o, r := attacked(text)
		rows := 0
		for _, line := range strings.Split(shown(t, output.Markdown, o, r), "\n") {
			if !strings.HasPrefix(line, "|") {
				continue
			}
			rows++
			if n := len(cells.FindAllString(line, -1)); n != 6 {
				t.Errorf("%q makes %d borders: %s", text, n, line)
			}
			if strings.ContainsAny(line, "<`") || strings.Contains(strings.ReplaceAll(line, `\[`, ""), "[") || liveText.MatchString(line) {
				t.Errorf("%q is live: %s", text, line)
			}
		}
		if rows != 4 {
			t.Errorf("%q makes %d rows", text, rows)
		}
	}
}
