// Package canary judges a canary against its baseline: promote, roll back, or
// say that it could not tell. It is pure: no I/O and no clock; ticks bring
// their own time.
package canary
