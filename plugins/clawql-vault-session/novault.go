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
	ours := "clawql-vault-session install             (builds vault " + vault.Pinned + "; needs Go, 5 minutes)"
	signed := "clawql-vault-session install --download  (HashiCorp's build, signature checked)"
	switch {
	case goos == "darwin":
		return []string{ours, signed, "brew install hashicorp/tap/vault"}
	case isLike(release, "debian", "ubuntu"):
		return []string{ours, signed, "sudo apt-get install vault                (with HashiCorp's repository: developer.hashicorp.com/vault/install)"}
	case isLike(release, "fedora", "rhel", "centos"):
		return []string{ours, signed, "sudo dnf install vault                    (with HashiCorp's repository: developer.hashicorp.com/vault/install)"}
	case isLike(release, "alpine"):
		return []string{ours, signed, "apk add openbao                           (community repository)"}
	case isLike(release, "arch"):
		return []string{ours, signed, "sudo pacman -S vault"}
	}
	return []string{ours, signed}
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
