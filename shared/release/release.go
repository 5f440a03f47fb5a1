// Package release says which release of the workbench a binary is.
package release

import "runtime/debug"

// version is set by the build: -ldflags "-X .../shared/release.version=v1.2.3".
var version string

// Version is the release of this binary: what the build set, else the module
// version that `go install` recorded, else "devel".
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
