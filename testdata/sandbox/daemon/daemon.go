// Package daemon is what the sandbox's own daemons share.
package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
)

// WriteReady writes text to the file name, whole or not at all: who waits for
// the file may read it at once. An empty name asks for nothing.
func WriteReady(name, text string) error {
	if name == "" {
		return nil
	}
	temporary := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".new")
	if err := os.WriteFile(temporary, []byte(text+"\n"), 0o600); err != nil {
		return fmt.Errorf("ready file: %w", err)
	}
	return os.Rename(temporary, name)
}

// Thrift halves the cost of many small requests on a machine of two cores that
// runs a cluster besides. GOMAXPROCS and GOGC decide when they are set.
func Thrift() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
