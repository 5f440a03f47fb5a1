package standin

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// stateFile is the one file that the gateway keeps in its state folder.
const stateFile = "gateway-state.json"

// writeState records this start in the state folder. A read-only folder is an
// error at start-up: a gateway that loses its audit trail must not serve.
func writeState(home, version string, started time.Time) error {
	if home == "" {
		return nil
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return stateError(home, err)
	}
	data, err := json.Marshal(map[string]any{"version": version, "startedAt": started.UTC(), "pid": os.Getpid()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(home, stateFile), append(data, '\n'), 0o600); err != nil {
		return stateError(home, err)
	}
	return nil
}

func stateError(home string, err error) error {
	return fmt.Errorf("state folder %s is not writable by uid %d: %w (mount a writable volume there, or set CLAWQL_HOME and CLAWQL_STATE_DIR)",
		home, os.Getuid(), err)
}
