package main

import (
	"os"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/vault"
)

func TestInstallBuildsThePinnedVersion(t *testing.T) {
	text, err := os.ReadFile("../../testdata/sandbox/vault/go.mod")
	if err != nil || !strings.Contains(string(text), "github.com/hashicorp/vault v"+vault.Pinned+"\n") {
		t.Errorf("testdata/sandbox/vault/go.mod has another version than %s, or none: %v", vault.Pinned, err)
	}
}

func TestInstallHints(t *testing.T) {
	for release, want := range map[string]string{
		"ID=debian\n": "apt-get", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n": "apt-get", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"": "dnf",
		"ID=arch": "pacman", "ID=alpine": "apk", "": "install --download", "NAME=debian": "install --download",
	} {
		all := installHints("linux", release)
		if !strings.Contains(all[len(all)-1], want) {
			t.Errorf("%q: %q", release, all)
		}
	}
	if all := installHints("darwin", ""); !strings.Contains(all[len(all)-1], "brew") {
		t.Errorf("%q", all)
	}
}
