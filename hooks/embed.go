// Package hooks carries what the git hooks of the workbench bring along: the
// text of an installed hook, and the rules for ClawQL's own tokens.
package hooks

import _ "embed"

// Rules is clawql-rules.toml, a configuration that gitleaks itself accepts.
//
//go:embed clawql-rules.toml
var Rules []byte

// Dispatch is dispatch.sh, the text of every installed hook. @HOOK@, @PROGRAM@
// and @CHAIN@ stand for what package hookinstall puts there.
//
//go:embed dispatch.sh
var Dispatch string
