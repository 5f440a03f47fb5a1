// Package typediff compares two objects as Kubernetes' API understands them:
// a list with keys (containers by name, ports by number and protocol) is a
// map, a set has no order, an atomic list is one value. It works offline, by
// the schema that client-go carries; an object of another type (a custom
// resource) is compared by what its fields look like.
package typediff

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Difference is one place at which two objects differ.
type Difference struct {
	Path     fieldpath.Path
	From, To any // nil where a side has nothing there, an Order where only that differs
}

// Differ compares objects; it may be used by several goroutines.
type Differ struct {
	known   managedfields.TypeConverter
	deduced managedfields.TypeConverter
}

// New reads the schema, which takes some 10 ms.
func New() *Differ {
	return &Differ{applyconfigurations.NewTypeConverter(scheme.Scheme), managedfields.NewDeducedTypeConverter()}
}

// Diff gives the differences of two objects of one kind, in the order of their
// paths: the deepest places that differ, and the whole of what one side lacks;
// then the lists with keys whose order differs and counts. An object that does
// not fit its type is an error.
func (d *Differ) Diff(from, to *unstructured.Unstructured) ([]Difference, error) {
	a, err := d.typed(from)
	if err != nil {
		return nil, err
	}
	b, err := d.typed(to)
	if err != nil {
		return nil, err
	}
	compared, err := a.Compare(b)
	if err != nil {
		return nil, fault.Unable("compare %s %s: %w", from.GetKind(), from.GetName(), err)
	}
	list := collect(compared, a.AsValue(), b.AsValue())
	if !scheme.Scheme.Recognizes(from.GroupVersionKind()) {
		return list, nil // a deduced list has no keys: its order is compared already
	}
	return append(list, reordered(from.GetKind(), a.AsValue(), b.AsValue())...), nil
}

// Fits is an error for an object of a built-in kind that does not fit its type:
// Diff ends with the same one.
func (d *Differ) Fits(o *unstructured.Unstructured) error {
	if !scheme.Scheme.Recognizes(o.GroupVersionKind()) {
		return nil // its type is deduced from it
	}
	_, err := d.typed(o)
	return err
}

func (d *Differ) typed(o *unstructured.Unstructured) (*typed.TypedValue, error) {
	converter := d.deduced
	if scheme.Scheme.Recognizes(o.GroupVersionKind()) {
		converter = d.known
	}
	value, err := converter.ObjectToTyped(runtime.Object(o))
	if err != nil {
		what, _, _ := strings.Cut(err.Error(), ", got") // behind it stands the value
		what, _, _ = strings.Cut(what, "\n")
		return nil, fault.Unable("read %s %s: it does not fit its type %s: %s", o.GetKind(), o.GetName(), o.GetAPIVersion(), what)
	}
	return value, nil
}

// collect joins the three sets that a comparison gives.
func collect(c *typed.Comparison, a, b value.Value) []Difference {
	var paths []fieldpath.Path
	c.Added.Union(c.Removed).Union(c.Modified).Iterate(func(p fieldpath.Path) { paths = append(paths, p.Copy()) })
	slices.SortFunc(paths, fieldpath.Path.Compare)
	var list []Difference
	var missing fieldpath.Path // what one side lacks, with all below it
	for _, path := range paths {
		if missing != nil && within(path, missing) {
			continue
		}
		one := Difference{Path: path, From: at(a, path), To: at(b, path)}
		none := one.From == nil && one.To == nil
		switch {
		case c.Modified.Has(path) && (none || container(one.From) && container(one.To)): // it differs, whatever is found there
		case none, container(one.From) && container(one.To):
			continue
		case one.From == nil || one.To == nil:
			missing = path
		}
		list = append(list, one)
	}
	return list
}

func container(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

func within(p, parent fieldpath.Path) bool {
	return len(p) > len(parent) && p[:len(parent)].Equals(parent)
}

// at is what a value holds at a path, nil for nothing.
func at(v value.Value, path fieldpath.Path) any {
	for _, element := range path {
		if v == nil {
			return nil
		}
		v = step(v, element)
	}
	if v == nil {
		return nil
	}
	return v.Unstructured()
}

func step(v value.Value, element fieldpath.PathElement) value.Value {
	switch {
	case element.FieldName != nil:
		if !v.IsMap() {
			return nil
		}
		inner, _ := v.AsMap().Get(*element.FieldName)
		return inner
	case element.Key != nil, element.Value != nil, element.Index != nil:
		if !v.IsList() {
			return nil
		}
		return item(v.AsList(), element)
	}
	return nil
}

// item finds the item of a list that an element names.
func item(list value.List, element fieldpath.PathElement) value.Value {
	if element.Key != nil {
		return keyed(list, *element.Key)
	}
	for i := range list.Length() {
		one := list.At(i)
		if element.Index != nil && *element.Index == i || element.Value != nil && value.Equals(one, *element.Value) {
			return one
		}
	}
	return nil
}

// keyed finds the item with all of the keys, or else the one that leaves out
// those that have their default.
func keyed(list value.List, keys value.FieldList) value.Value {
	for _, defaults := range []bool{false, true} {
		for i := range list.Length() {
			if one := list.At(i); hasKeys(one, keys, defaults) {
				return one
			}
		}
	}
	return nil
}

// keyDefaults are the keys of the API that an item may leave out.
var keyDefaults = map[string]string{"protocol": "TCP"}

// hasKeys says whether an item has the keys; with defaults, one that it leaves
// out has its default.
func hasKeys(item value.Value, keys value.FieldList, defaults bool) bool {
	if !item.IsMap() {
		return false
	}
	for _, key := range keys {
		got, has := item.AsMap().Get(key.Name)
		switch fallback, known := keyDefaults[key.Name]; {
		case has && value.Equals(got, key.Value):
		case !has && defaults && known && value.Equals(key.Value, value.NewValueInterface(fallback)):
		default:
			return false
		}
	}
	return true
}

// String is the place, such as .spec.containers[name="web"].image, or
// .spec.initContainers[order].
func (d Difference) String() string {
	if _, order := d.From.(Order); order {
		return fmt.Sprint(d.Path) + "[order]"
	}
	return fmt.Sprint(d.Path)
}
