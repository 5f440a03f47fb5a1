package stagedscan

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/clawql/clawql-workbench/shared/secretexception"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// The places where a secret can stand.
const (
	InContent = secretexception.InContent
	InName    = secretexception.InName    // the file's own name
	InMessage = secretexception.InMessage // the commit object: message, author, headers
	InTag     = secretexception.InTag     // an annotated tag: message, name, tagger
	InRef     = secretexception.InRef     // the name of a branch, tag or other ref
)

// Finding is a secret, and where it would enter or has entered history.
type Finding struct {
	secretscan.Finding
	In     string
	Commit string // or the tag's object; "" for what is not committed yet
	Hash   string // the same for the same secret, within one report only
	ID     string // names the finding by its place, in hex; see shortest
	Why    string // completes "it ...", where the rule alone does not say it
	Ended  string // the last day of an exception that has ended; "" for none
}

// Report is the outcome of a scan that could look at everything.
type Report struct {
	Findings []Finding // in the order of the commits, then by file and line
	Excepted []Excepted
	Unused   []secretexception.Entry // exceptions for nothing that is there
	Notes    []string                // what else a person should know
	Commits  int                     // commits looked at
	Files    int                     // contents looked at
	Bytes    int64
	Known    int    // findings left out: the version before has the same secret, or a baseline
	Policy   string // where the rules came from: "HEAD", "index", a commit's id, "defaults"

	used       map[int]bool
	paths      map[string]bool
	everything bool
}

// result is what one piece of work gave.
type result struct {
	findings []Finding
	excepted []Excepted
	used     []int    // exceptions that are for something that is there
	paths    []string // whose content was looked at
	bytes    int64
	files    int
	known    int
}

func (r *Report) add(one result) {
	if r.used == nil {
		r.used, r.paths = map[int]bool{}, map[string]bool{}
	}
	r.Findings = append(r.Findings, one.findings...)
	r.Excepted = append(r.Excepted, one.excepted...)
	for _, i := range one.used {
		r.used[i] = true
	}
	for _, path := range one.paths {
		r.paths[path] = true
	}
	r.Bytes += one.bytes
	r.Files += one.files
	r.Known += one.known
}

// Merge takes over what another scan of the same run gave.
func (r *Report) Merge(other *Report) {
	r.Findings = append(r.Findings, other.Findings...)
	r.Excepted = append(r.Excepted, other.Excepted...)
	r.Unused = append(r.Unused, other.Unused...)
	r.Notes = append(r.Notes, other.Notes...)
	r.Commits += other.Commits
	r.Files += other.Files
	r.Bytes += other.Bytes
	r.Known += other.Known
	r.Policy = other.Policy
}

// finish gives each finding its id, and its hash under a key that nobody keeps.
func (s *scan) finish() *Report {
	r := s.report
	r.Unused = s.unused()
	r.paths = nil // names that may hold secrets
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails, see its documentation
	for i := range r.Findings {
		r.Findings[i].Hash = r.Findings[i].Secret.Hash(key)
	}
	s.redactNames()
	taken := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.ID = f.place(0)
		taken[f.ID]++
		if n := taken[f.ID]; n > 1 {
			f.ID = f.place(n)
		}
	}
	return r
}

// place names a finding by where it is and by its rule: nothing of the secret
// goes into it, so that it may stand in any log. nth tells findings apart that
// one rule has at one place.
func (f Finding) place(nth int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%d\x00%d\x00%d", f.Rule, f.In, f.File, f.Commit, f.StartLine, f.StartColumn, nth))
	return hex.EncodeToString(sum[:8])
}

// redactNames takes the secrets that stand in names out of all that is shown,
// whether the names are new or not.
func (s *scan) redactNames() {
	clean := map[string]string{}
	redact := func(text *string) {
		if _, known := clean[*text]; !known {
			clean[*text] = s.redact(*text)
		}
		*text = clean[*text]
	}
	for i := range s.report.Findings {
		redact(&s.report.Findings[i].File)
		redact(&s.report.Findings[i].Why)
		redact(&s.report.Findings[i].Description)
	}
	for i := range s.report.Excepted {
		redact(&s.report.Excepted[i].File)
		redact(&s.report.Excepted[i].Why)
	}
	for i := range s.report.Notes {
		redact(&s.report.Notes[i])
	}
}

// redact takes secrets out of a text that is to be shown. Where one stands
// there in another form than its own, nothing of the text is left.
func (s *scan) redact(text string) string {
	if text == "" || s.policy == nil {
		return text
	}
	found, err := s.look(context.Background(), "", []byte(text))
	if err != nil {
		return "[redacted]"
	}
	for _, f := range found {
		shorter := f.Secret.Redact(text)
		if shorter == text && !strings.Contains(text, "[redacted]") {
			return "[redacted]"
		}
		text = shorter
	}
	return text
}
