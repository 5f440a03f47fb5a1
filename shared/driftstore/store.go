// Package driftstore keeps what the scheduled comparison needs between runs:
// the history, in a ConfigMap or a file, and the objects of the schedule
// itself. It applies them as field manager clawql-drift.
package driftstore

import (
	"context"
	"errors"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// ErrChanged says that somebody else wrote since the history was loaded.
var ErrChanged = errors.New("somebody else has written the history meanwhile")

// Names of the history's ConfigMap. Its label keeps it out of comparisons.
const (
	HistoryName  = "clawql-drift-history"
	HistoryKey   = "history.json"
	RecordLabel  = "clawql.io/record"
	RecordValue  = "drift-history"
	FieldManager = "clawql-drift"
)

// Store holds the text of one history.
type Store interface {
	// Load gives the text and a version for Save; "" is a history that does
	// not exist yet.
	Load(ctx context.Context) (text []byte, version string, err error)
	// Save writes the text if the version is still the one that is stored;
	// else it is ErrChanged.
	Save(ctx context.Context, text []byte, version string) error
	// String says where the history is.
	String() string
}

// tries bounds how often a change is begun anew.
const tries = 8

// Change loads, lets f make the new text of the old one (nil: there is none
// yet), and saves; when somebody else wrote meanwhile it begins anew.
func Change(ctx context.Context, s Store, f func(old []byte) ([]byte, error)) error {
	for range tries {
		old, version, err := s.Load(ctx)
		if err != nil {
			return err
		}
		text, err := f(old)
		if err != nil {
			return err
		}
		if err = s.Save(ctx, text, version); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return fault.Unable("write the history in %s: %w, %d times in a row", s, ErrChanged, tries)
}
