package project

import (
	"fmt"
	"path/filepath"
)

// EnvStateDir names the folder of per-project state; default
// <project>/.clawql-workspace.
const EnvStateDir = "CLAWQL_STATE_DIR"

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
