package stagedscan

import (
	"crypto/rand"

	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// The places where a secret can stand.
const (
	InContent = "content"
	InName    = "name"    // the file's own name
	InMessage = "message" // the commit object: message, author, headers
	InTag     = "tag"     // an annotated tag: message, name, tagger
	InRef     = "ref"     // the name of a branch, tag or other ref
)

// Finding is a secret, and where it would enter or has entered history.
type Finding struct {
	secretscan.Finding
	In     string
	Commit string // or the tag's object; "" for what is not committed yet
	Hash   string // the same for the same secret, within one report only
}

// Report is the outcome of a scan that could look at everything.
type Report struct {
	Findings []Finding // in the order of the commits, then by file and line
	Commits  int       // commits looked at
	Files    int       // contents looked at
	Bytes    int64
	Known    int    // findings left out because the version before has the same secret
	Policy   string // where the rules came from: "HEAD", "index", a commit's id, "defaults"
}

// result is what one piece of work gave.
type result struct {
	findings []Finding
	bytes    int64
	files    int
	known    int
}

func (r *Report) add(one result) {
	r.Findings = append(r.Findings, one.findings...)
	r.Bytes += one.bytes
	r.Files += one.files
	r.Known += one.known
}

// finish gives each finding its hash, under a key that nobody keeps.
func (r *Report) finish() *Report {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails, see its documentation
	for i := range r.Findings {
		r.Findings[i].Hash = r.Findings[i].Secret.Hash(key)
	}
	r.redactNames()
	return r
}

// redactNames takes the secrets that stand in names out of every File.
func (r *Report) redactNames() {
	for _, named := range r.Findings {
		if named.In != InName && named.In != InRef {
			continue
		}
		for i := range r.Findings {
			r.Findings[i].File = named.Secret.Redact(r.Findings[i].File)
		}
	}
}
