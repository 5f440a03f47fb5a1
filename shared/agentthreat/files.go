// Package agentthreat lets a tool for agent threats look at skills and MCP
// configurations: `atr` (the npm package agent-threat-rules), else `pga`
// (Panguard).
//
// What they take and what they say was tried with agent-threat-rules 4.0.0:
//
//   - `atr scan DIR` reads files named SKILL.md only. So each file is copied
//     under that name into a folder of its own.
//   - `atr scan mcp.json` takes a configuration for a list of events, finds no
//     event in it, and calls it clean. So a configuration is handed over as the
//     content of an event of the type mcp_exchange.
//   - A skill above 1 MiB is left out with a warning and exit 0. So such a file
//     is a threat here.
//   - Exit 1 means both "found" and "failed". So the answer counts and not the
//     exit code alone, and each run has a sample that must be found.
//
// It uploads reports unless told not to. It is told (--no-report), and it runs
// where it cannot: in a network namespace without any link where the system
// lets this process make one (Linux), and everywhere with a Node preload that
// refuses connections, names and child programs; its environment is made anew,
// with no key, proxy or home of the user.
package agentthreat

import (
	"path"
	"strings"
	"unicode/utf8"
)

// Kind is what a file is to an agent.
type Kind int

// The kinds of files.
const (
	Other  Kind = iota
	Skill       // instructions that an agent follows
	Config      // names MCP servers to start or to call
)

// configs are the names under which clients look for MCP servers.
var configs = []string{
	".mcp.json", "mcp.json", "claude_desktop_config.json", "mcp_config.json", "mcp_settings.json", "cline_mcp_settings.json",
}

// KindOf tells by its name what a file is.
func KindOf(name string) Kind {
	base := strings.ToLower(path.Base(name))
	if base == "skill.md" {
		return Skill
	}
	for _, one := range configs {
		if base == one {
			return Config
		}
	}
	return Other
}

// File is one to look at.
type File struct {
	Path    string // from the repository's root
	Kind    Kind   // Skill or Config
	Content []byte
}

// largest is what atr reads of one skill, in bytes.
const largest = 1 << 20

// Threat is what was found in a file.
type Threat struct {
	Path     string
	Rule     string // such as ATR-2026-00120
	Title    string
	Severity string // high or critical
}

// Unreadable is the rule of a file that the tool cannot look at.
const Unreadable = "unreadable"

// unfit is why a file cannot be looked at; "" for one that can.
func unfit(f File) string {
	switch {
	case len(f.Content) > largest:
		return "it is larger than the 1 MiB that the tool reads"
	case !utf8.Valid(f.Content) || strings.ContainsRune(string(f.Content), 0):
		return "it is no UTF-8 text, which is all that the tool reads"
	}
	return ""
}
