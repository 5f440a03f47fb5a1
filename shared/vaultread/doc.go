// Package vaultread reads what decides in a Vault, over its API and with read
// rights only: ACL policies, auth methods and the roles at which somebody may
// log in. What it may not read, or what the server could not answer, is listed:
// a reading with such a list is not whole.
//
// The variables VAULT_* of the process do not count, redirects are not
// followed, and no secret leaves the package: fields that hold one are taken
// out while it reads, and an error has no request or response body.
package vaultread
