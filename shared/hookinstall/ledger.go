package hookinstall

import (
	"encoding/json"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// ledger remembers what the files themselves do not tell.
type ledger struct {
	Version   int    `json:"version"`
	Layout    Layout `json:"layout"`
	Program   string `json:"program"`
	MadeHooks bool   `json:"madeHooksFolder"` // .git/hooks was not there before
	MadeState bool   `json:"madeStateParent"` // nor was the folder around ours
}

func (s *Site) ledgerFile() string { return s.inState("ledger.json") }

func (s *Site) loadLedger() error {
	f, ok := s.now[s.ledgerFile()]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(f.Data, &s.ledger); err != nil {
		return fault.Unable("read %s: %w", s.ledgerFile(), err).Hint("remove it, and install again")
	}
	return nil
}

func (s *Site) nextLedger(program string, layout Layout) File {
	next := ledger{1, layout, program, s.ledger.MadeHooks, s.ledger.MadeState}
	if s.ledger.Version == 0 {
		next.MadeHooks = s.noHooks && !s.Global
		next.MadeState = !exists(parent(s.State))
	}
	data, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		panic(err) // strings and booleans
	}
	return File{Mode: 0o644, Data: append(data, '\n')}
}
