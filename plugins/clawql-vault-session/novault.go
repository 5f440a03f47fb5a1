package main

import (
	"errors"
	"os"
	"runtime"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// withInstall adds to "there is no vault" how to get one here.
func withInstall(err error) error {
	if !errors.Is(err, vault.ErrNone) {
		return err
	}
	release, _ := os.ReadFile("/etc/os-release")
	told := fault.Unable("%w", err)
	for _, line := range installHints(runtime.GOOS, string(release)) {
		told = told.Hint("%s", line)
	}
	return told
}

// installHints are the commands for a system; release is its os-release(5).
func installHints(goos, release string) []string {
	all := []string{
		"clawql-vault-session install             (builds it: needs Go, 5 minutes)",
		"clawql-vault-session install --download  (signed by HashiCorp)",
	}
	const repository = "  (developer.hashicorp.com/vault/install)"
	switch {
	case goos == "darwin":
		return append(all, "brew install hashicorp/tap/vault")
	case isLike(release, "debian", "ubuntu"):
		return append(all, "sudo apt-get install vault"+repository)
	case isLike(release, "fedora", "rhel", "centos"):
		return append(all, "sudo dnf install vault"+repository)
	case isLike(release, "alpine"):
		return append(all, "apk add openbao")
	case isLike(release, "arch"):
		return append(all, "sudo pacman -S vault")
	}
	return all
}

// isLike looks for one of names in ID and ID_LIKE.
func isLike(release string, names ...string) bool {
	for _, line := range strings.Split(release, "\n") {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if key != "ID" && key != "ID_LIKE" {
			continue
		}
		for _, word := range strings.Fields(strings.Trim(value, `"'`)) {
			for _, name := range names {
				if word == name {
					return true
				}
			}
		}
	}
	return false
}
