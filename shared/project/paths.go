package project

import (
	"fmt"
	"path/filepath"
)

// Every environment variable that the workbench reads.
const (
	EnvStateDir = "CLAWQL_STATE_DIR" // per-project state, default <project>/.clawql-workspace
	EnvNoColor  = "NO_COLOR"
)

// StateDir is the project's state folder, kept 0700: getenv's
// CLAWQL_STATE_DIR, else <root>/.clawql-workspace.
func StateDir(root string, getenv func(string) string) string {
	if dir := getenv(EnvStateDir); dir != "" {
		return dir
	}
	return filepath.Join(root, ".clawql-workspace")
}

func indexed(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

func text(value any) string { return fmt.Sprint(value) }
