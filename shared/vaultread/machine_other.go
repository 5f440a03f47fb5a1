//go:build !linux && !darwin

package vaultread

// thisMachine is not known: no server is local.
func thisMachine() (machine, bool) { return machine{}, false }
