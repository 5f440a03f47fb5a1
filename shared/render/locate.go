package render

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Position is a line of a file of the commit. Line counts from 1; 0 means that
// only the file is known.
type Position struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
}

// String is "file:line", the form that editors and terminals open.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Locate says which line of the commit gives the object's field its value. The
// path's elements are map keys, and for members of lists `[name=x]` (the
// member whose name is x) or `[3]`. A nil value asks for the field alone.
//
// It looks where kustomize looks, last word first: the overlay's own fields
// and patches, then its components, then its bases. When no line sets the
// field to the value, it answers with a line that sets the field, then with
// the object's own manifest, then with the overlay's kustomization file. That
// last is also the answer for a nil object: one that the overlay lacks.
func (r *Rendered) Locate(object *unstructured.Unstructured, fieldPath []string, value any) Position {
	if object == nil {
		return Position{File: r.root.file, Line: 1}
	}
	want := wanted{
		kind: object.GetKind(), name: object.GetName(),
		namespace: object.GetNamespace(), path: fieldPath, value: value,
	}
	for _, named := range []wanted{want, want.loosely()} {
		for _, look := range []wanted{named, named.anyValue(), named.manifest()} {
			if at, ok := r.search(r.root, look); ok {
				return at
			}
		}
	}
	return Position{File: r.root.file, Line: 1}
}

// Object gives a rendered object by kind and name, nil when there is none.
func (r *Rendered) Object(kind, name string) *unstructured.Unstructured {
	for _, object := range r.Objects {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	return nil
}

// wanted is what Locate looks for.
type wanted struct {
	kind, name, namespace string
	path                  []string
	value                 any  // nil: any value will do
	loose                 bool // the name may have got a prefix or suffix
}

// loosely also takes manifests whose name is part of the rendered name. It is
// the second try only, since one object's name can begin with another's.
func (w wanted) loosely() wanted {
	w.loose = true
	return w
}

func (w wanted) anyValue() wanted {
	w.value = nil
	return w
}

// manifest asks for the object itself.
func (w wanted) manifest() wanted {
	w.value, w.path = nil, []string{"metadata", "name"}
	return w
}

// search looks through one layer and what it builds on, in the order in which
// the last word wins.
func (r *Rendered) search(l *layer, want wanted) (Position, bool) {
	for _, look := range []func(*layer, wanted) (Position, bool){
		r.inFields, r.inPatches, r.inGenerators,
	} {
		if at, ok := look(l, want); ok {
			return at, true
		}
	}
	for i := len(l.from) - 1; i >= 0; i-- {
		if at, ok := r.inSource(l.from[i], want); ok {
			return at, true
		}
	}
	return Position{}, false
}

func (r *Rendered) inSource(from source, want wanted) (Position, bool) {
	if from.layer != nil {
		return r.search(from.layer, want)
	}
	for _, doc := range documents(r.tree[from.manifest]) {
		if !want.isIn(doc) {
			continue
		}
		if line, ok := find(doc, want.path, want.value); ok {
			return Position{from.manifest, line}, true
		}
	}
	return Position{}, false
}

// isIn is true for a manifest or patch of the wanted object.
func (w wanted) isIn(doc *yaml.Node) bool {
	kind, name := scalar(doc, "kind"), scalar(doc, "metadata", "name")
	return kind == w.kind && (name == w.name || w.loose && name != "" && strings.Contains(w.name, name))
}
