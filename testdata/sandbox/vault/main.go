// Command vault is the real Vault 1.21.1, for the tests and benchmarks of
// clawql-vault-session only: Vault's licence is the BUSL, so the product never
// links it, it runs the one that it finds on PATH.
package main

import (
	"os"

	"github.com/hashicorp/vault/command"
)

func main() { os.Exit(command.Run(os.Args[1:])) }
