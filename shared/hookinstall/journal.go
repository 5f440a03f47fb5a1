package hookinstall

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// journal is what a run has begun. Of a configuration it holds hashes only: it
// may have passwords in it, and the next plan mends it anyway.
type journal struct {
	Steps []step `json:"steps"`
}

type step struct {
	Path          string `json:"path"`
	Before, After string // hashes
	File          *File  `json:"file,omitempty"` // what is to be there; nil for a configuration
}

func (s *Site) journalFile() string { return s.inState("journal.json") }

func hash(f File) string {
	if !f.There() {
		return ""
	}
	data, err := json.Marshal(f)
	if err != nil {
		panic(err) // bytes, a string and a number
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (s *Site) writeJournal(p *Plan) error {
	var j journal
	for _, c := range p.Changes {
		one := step{Path: c.Path, Before: hash(c.Before), After: hash(c.After)}
		if !s.isConfig(c.Path) {
			one.File = &c.After
		}
		j.Steps = append(j.Steps, one)
	}
	data, err := json.Marshal(j)
	if err != nil {
		return fault.Unable("write the journal: %w", err)
	}
	return write(Change{Path: s.journalFile(), After: File{Mode: 0o600, Data: data}}, false)
}

// Recover ends what a run that was cut off had begun: hooks are brought to what
// it meant them to be. A file that somebody changed since stays as it is. The
// configuration is left to the plan that follows. Look again afterwards.
func (s *Site) Recover() error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	data, err := os.ReadFile(s.journalFile())
	if os.IsNotExist(err) {
		return nil
	}
	var j journal
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	if err != nil {
		return fault.Unable("read the journal of a run that was cut off: %w", err)
	}
	for _, one := range j.Steps {
		if err := one.finish(); err != nil {
			return err
		}
	}
	if err := os.Remove(s.journalFile()); err != nil {
		return fault.Unable("end the journal: %w", err)
	}
	return nil
}

func (one step) finish() error {
	half := one.Path + newSuffix
	if one.File == nil { // our lock on a configuration is a second name of our new file
		a, err1 := os.Stat(half)
		b, err2 := os.Stat(one.Path + ".lock")
		c, err3 := os.Stat(one.Path)
		if err2 == nil && (err1 == nil && os.SameFile(a, b) || err3 == nil && os.SameFile(b, c)) {
			if err := os.Remove(one.Path + ".lock"); err != nil {
				return fault.Unable("unlock %s: %w", one.Path, err)
			}
		}
	}
	_ = os.Remove(half)
	now, err := readFile(one.Path)
	if err != nil || one.File == nil || hash(now) != one.Before {
		return err
	}
	return act(Change{one.Path, now, *one.File}, false)
}
