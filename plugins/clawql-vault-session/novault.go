package main

import (
	"errors"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// withInstall adds to "there is no vault" how to get one.
func withInstall(err error) error {
	if !errors.Is(err, vault.ErrNone) {
		return err
	}
	return fault.Unable("%w", err).Hint("%s", installHint())
}

func installHint() string { return "clawql-vault-session install" }
