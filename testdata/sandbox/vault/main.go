// Command vault is the real Vault 1.21.1, for tests and benchmarks only:
// Vault's licence is the BUSL, so the product never links it, it runs the one
// that it finds on PATH, or speaks to one over its API.
package main

import (
	"os"

	"github.com/hashicorp/vault/command"
)

func main() {
	addMethods()
	os.Exit(command.Run(os.Args[1:]))
}
