// Package ledger is the sandbox's memory of what it has made on this machine. It lies in the
// sandbox's folder and is written before each thing is made, so that `down` finds everything
// again after a kill -9 of anything at any moment.
package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File is the ledger's name in the sandbox's folder.
const File = "ledger.json"

// Marker is the variable in the environment of every process that the sandbox starts on the
// host; its value is the ledger's ID. `down` looks for it, so that a process which was started
// but not yet written down is found as well.
const Marker = "CLAWQL_SANDBOX_ID"

// A Ledger says what one sandbox is and what it has made.
type Ledger struct {
	ID         string         `json:"id"` // random; see Marker
	Name       string         `json:"name"`
	Dir        string         `json:"dir"`
	Mode       string         `json:"mode"` // real, simulated or external
	ModeReason string         `json:"modeReason"`
	Ready      bool           `json:"ready"`
	Ports      map[string]int `json:"ports"`
	Bridge     string         `json:"bridge,omitempty"`
	Network    Network        `json:"network"`
	Up         Process        `json:"up"`     // the `sandbox up` that is at work; zero when done
	Keeper     Process        `json:"keeper"` // the process that every other one lives and dies with
	Cgroups    []string       `json:"cgroups,omitempty"`
	Links      []string       `json:"links,omitempty"`   // network links, bridges and single ones
	Symlink    string         `json:"symlink,omitempty"` // where --dir is not the usual folder
	Objects    []string       `json:"objects,omitempty"` // external mode: what was put in the cluster
	Notes      map[string]any `json:"notes,omitempty"`
}

// Network holds the sandbox's own addresses, in CIDR or plain IPv4 notation.
type Network struct {
	PodCIDR     string `json:"podCIDR,omitempty"`
	ServiceCIDR string `json:"serviceCIDR,omitempty"`
	Gateway     string `json:"gateway,omitempty"`   // the bridge's address, first of the pods
	ServiceIP   string `json:"serviceIP,omitempty"` // kubernetes.default.svc
}

// ErrNone says that no sandbox has this folder.
var ErrNone = errors.New("no sandbox here")

// Load reads the ledger in dir. It refuses a folder that another user made, because its words
// decide what is ended and deleted. The error wraps ErrNone when there is no such folder.
func Load(dir string) (*Ledger, error) {
	if err := owned(dir); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, File))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s has no %s", ErrNone, dir, File)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	l := new(Ledger)
	if err := json.Unmarshal(data, l); err != nil {
		return nil, fmt.Errorf("reading the ledger %s: %w", filepath.Join(dir, File), err)
	}
	return l, nil
}

// Create makes the sandbox's folder with the ledger in it, both at once (by a rename), so that
// the folder never exists without its ledger. It fails when the folder is there.
func Create(l *Ledger) error {
	if err := RemoveDraft(l.Dir); err != nil {
		return err
	}
	draft := draft(l.Dir)
	if err := os.Mkdir(draft, 0o700); err != nil {
		return fmt.Errorf("making the sandbox's folder: %w", err)
	}
	if err := l.saveIn(draft); err != nil {
		return err
	}
	if err := os.Rename(draft, l.Dir); err != nil {
		_ = os.RemoveAll(draft)
		return fmt.Errorf("making the sandbox's folder %s: %w", l.Dir, err)
	}
	return nil
}

// RemoveDraft removes what a Create that was killed has left of dir. Nothing there is no error.
func RemoveDraft(dir string) error {
	if err := owned(draft(dir)); errors.Is(err, ErrNone) {
		return nil
	} else if err != nil {
		return err
	}
	if err := os.RemoveAll(draft(dir)); err != nil {
		return fmt.Errorf("removing %s: %w", draft(dir), err)
	}
	return nil
}

func draft(dir string) string { return dir + ".new" }

// Save writes the ledger to its folder in one step.
func (l *Ledger) Save() error { return l.saveIn(l.Dir) }

// Path joins the sandbox's folder and the given elements.
func (l *Ledger) Path(elem ...string) string {
	return filepath.Join(append([]string{l.Dir}, elem...)...)
}

func (l *Ledger) saveIn(dir string) error {
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the ledger: %w", err)
	}
	draft := filepath.Join(dir, File+".new")
	if err := os.WriteFile(draft, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the ledger: %w", err)
	}
	if err := os.Rename(draft, filepath.Join(dir, File)); err != nil {
		return fmt.Errorf("writing the ledger: %w", err)
	}
	return nil
}

// owned refuses a folder, or a link to one, that is another user's.
func owned(dir string) error {
	for _, look := range []func(string) (fs.FileInfo, error){os.Lstat, os.Stat} {
		info, err := look(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s does not exist", ErrNone, dir)
		}
		if err != nil {
			return fmt.Errorf("looking at %s: %w", dir, err)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
			return fmt.Errorf("%s belongs to user %d, not to you (%d)", dir, stat.Uid, os.Geteuid())
		}
	}
	return nil
}
