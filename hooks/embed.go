// Package hooks carries what the git hooks of the workbench bring along: today
// the rules for ClawQL's own tokens.
package hooks

import _ "embed"

// Rules is clawql-rules.toml, a configuration that gitleaks itself accepts.
//
//go:embed clawql-rules.toml
var Rules []byte
