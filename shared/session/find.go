package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Where says which session is meant.
type Where struct {
	Environ  []string
	StateDir string // of the project one stands in
	ID       string // beginning of a session's id, "" none
}

// ErrNone says that the project has no session.
var ErrNone = errors.New("no session runs")

// Find gives the session that is meant: that of the id; else the one inside of
// which this process runs (CLAWQL_VAULT_SESSION); else the only one of the
// project.
func Find(ctx context.Context, w Where) (*Client, error) {
	if socket := lookup(w.Environ)(EnvSocket); socket != "" && w.ID == "" {
		return Dial(ctx, socket)
	}
	running, err := Running(w.Environ)
	if err != nil {
		return nil, err
	}
	var fitting []string
	for folder, record := range running {
		if w.ID != "" && strings.HasPrefix(record.ID, w.ID) || w.ID == "" && record.StateDir == w.StateDir {
			fitting = append(fitting, folder)
		}
	}
	switch {
	case len(fitting) == 1:
		return Dial(ctx, filepath.Join(fitting[0], ControlName))
	case len(fitting) > 1:
		return nil, severalFit(fitting)
	case w.ID != "":
		return nil, fault.Unable("no session's id begins with %q", w.ID).Hint("`clawql-vault-session sessions` shows those that run")
	}
	return nil, fault.Unable("%w for %s", ErrNone, filepath.Dir(w.StateDir)).Hint("`clawql-vault-session` starts one")
}

func severalFit(folders []string) error {
	var ids []string
	for _, folder := range folders {
		ids = append(ids, sessionID(folder))
	}
	slices.Sort(ids)
	return fault.Usage("%d sessions fit: %s", len(ids), strings.Join(ids, ", ")).Hint("say which one: --session %s", ids[0])
}

// Running are the sessions of this user that live, by their folder.
func Running(environ []string) (map[string]Record, error) {
	running := map[string]Record{}
	for _, where := range bases(lookup(environ), os.Getuid()) {
		info, err := os.Lstat(where)
		if err != nil || checkPrivate("the runtime folder", where, info, os.Getuid()) != nil {
			continue
		}
		folders, _ := filepath.Glob(filepath.Join(where, "*", "*"))
		for _, folder := range folders {
			if record, err := readRecord(folder); err == nil && isHeld(folder) {
				running[folder] = record
			}
		}
	}
	return running, nil
}
