// Package vault speaks to one private Vault (or OpenBao) on a unix socket: it
// finds and judges the binary, writes the server's configuration, and brings
// an empty Vault to the state in which a session can use it.
//
// Beside vaultread, which reads Vaults of environments, it is the only importer
// of github.com/hashicorp/vault/api. The server itself is never linked: it is
// the program that stands on PATH.
//
// No function of this package puts a token, an unseal key or a value into an
// error: errors carry the path and Vault's status only.
package vault
