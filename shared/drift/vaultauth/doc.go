// Package vaultauth compares who may log in to two sides' Vaults, and what the
// token that they get may do.
package vaultauth
