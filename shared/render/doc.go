// Package render turns the overlay of an environment into the objects that it
// describes. It works on one commit's files held in memory, so that what is
// deployed is what was signed and reviewed, never what lies in a work tree.
//
// It is the only package that imports kustomize, and it lets kustomize do less
// than kustomize can: no plugin, no exec, no Helm, no network. Every file that
// an overlay names must be in the commit (references.go), because kustomize
// itself would go and fetch what it cannot find.
package render
