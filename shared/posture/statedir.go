package posture

import (
	"path"
	"strings"
)

const (
	homeVariable  = "CLAWQL_HOME"      // S: what the gateway reads
	stateVariable = "CLAWQL_STATE_DIR" // C: what the curriculum says
)

// stateDir points both variables at one folder and mounts a volume there, as
// the root file system cannot be written. A folder that the overlay names by
// one of them is kept, and the other follows.
func (j *judge) stateDir(w workload, container *place) {
	if j.off(StateDir, container.on) {
		return
	}
	home, state := entries(container, homeVariable), entries(container, stateVariable)
	folder, all := j.StateDir, append(append([]*place{}, home...), state...)
	for i, entry := range all {
		if !j.plainFolder(entry) {
			return
		}
		if i == 0 {
			folder = path.Clean(entry.str("value"))
		}
		if path.Clean(entry.str("value")) != folder || len(home) > 1 || len(state) > 1 {
			entry.refuse(StateDir, "value", "one folder for "+homeVariable+" and "+stateVariable, "name either of them, once")
			return
		}
	}
	j.pointAt(container, folder)
	if !mounted(container, folder) {
		j.mountEmpty(w, container, StateDir, "clawql-state", folder)
	}
}

// plainFolder refuses a folder that cannot be known from the overlay.
func (j *judge) plainFolder(entry *place) bool {
	value := entry.str("value")
	if entry.value("valueFrom") == nil && path.IsAbs(value) && path.Clean(value) != "/" && !strings.Contains(value, "$(") {
		return true
	}
	key := "value"
	if entry.value("valueFrom") != nil {
		key = "valueFrom"
	}
	entry.refuse(StateDir, key, "an absolute path below /", "leave it out: the deploy sets "+j.StateDir)
	return false
}

func (j *judge) pointAt(container *place, folder string) {
	for _, name := range []string{homeVariable, stateVariable} {
		if found := entries(container, name); len(found) == 1 {
			j.did(StateDir, container.on, found[0].field("value"), folder, folder, Kept)
			continue
		}
		j.setVariable(container, variable{control: StateDir, name: name, want: folder})
	}
}

// mounted is true when a volume covers the folder.
func mounted(container *place, folder string) bool {
	for at := folder; at != "/"; at = path.Dir(at) {
		if mountAt(container, at) != nil {
			return true
		}
	}
	return false
}
