// Package vaultinstall puts the pinned Vault onto a machine: built from its Go
// module, with every dependency held to the hashes that this program carries,
// or downloaded from HashiCorp and taken only with HashiCorp's signature.
//
// It is the only importer of github.com/ProtonMail/go-crypto/openpgp.
package vaultinstall
