package render

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
)

// inPatches looks at a layer's patches, the last one first.
func (r *Rendered) inPatches(l *layer, want wanted) (Position, bool) {
	patches := l.allPatches()
	for i := len(patches) - 1; i >= 0; i-- {
		if at, ok := r.inPatch(l, patches[i], want); ok {
			return at, true
		}
	}
	return Position{}, false
}

// allPatches brings the three fields that hold patches into one form, in the
// order in which kustomize applies them.
func (l *layer) allPatches() []types.Patch {
	var all []types.Patch
	for _, old := range l.kust.PatchesStrategicMerge {
		if text := string(old); strings.Contains(text, "\n") {
			all = append(all, types.Patch{Patch: text})
		} else {
			all = append(all, types.Patch{Path: text})
		}
	}
	all = append(all, l.kust.Patches...)
	return append(all, l.kust.PatchesJson6902...)
}

func (r *Rendered) inPatch(l *layer, patch types.Patch, want wanted) (Position, bool) {
	if patch.Target != nil && !targets(patch.Target, want) {
		return Position{}, false
	}
	file, first, content := l.file, r.inlineStart(l, patch.Patch), []byte(patch.Patch)
	if patch.Path != "" {
		file, first = path.Join(l.dir(), patch.Path), 0
		content = r.tree[file]
	}
	for _, doc := range documents(content) {
		if line, ok := inPatchDocument(doc, patch.Target != nil, want); ok {
			return Position{file, first + line}, true
		}
	}
	return Position{}, false
}

// inPatchDocument looks through a JSON patch (a list of operations) or a
// strategic merge patch (part of an object).
func inPatchDocument(doc *yaml.Node, targeted bool, want wanted) (int, bool) {
	if doc.Kind == yaml.MappingNode && scalar(doc, "op") == "" {
		if !targeted && !want.isIn(doc) || want.is("metadata", "name") {
			return 0, false
		}
		return find(doc, want.path, want.value)
	}
	if doc.Kind == yaml.MappingNode {
		return inOperation(doc, want)
	}
	for i := len(doc.Content) - 1; i >= 0; i-- {
		if line, ok := inOperation(doc.Content[i], want); ok {
			return line, true
		}
	}
	return 0, false
}

// inOperation is true for an add or replace whose path leads to the wanted
// field, or above it with a value that holds the rest.
func inOperation(op *yaml.Node, want wanted) (int, bool) {
	pointer, value := scalar(op, "path"), child(op, "value")
	if value == nil || !strings.HasPrefix(pointer, "/") || want.is("metadata", "name") {
		return 0, false
	}
	steps := strings.Split(pointer[1:], "/")
	if len(steps) > len(want.path) {
		return 0, false
	}
	for i, step := range steps {
		if !meets(step, want.path[i]) {
			return 0, false
		}
	}
	last := want.path[len(steps)-1]
	if strings.HasPrefix(last, "[name=") && !picks(last, 0, value) {
		return 0, false
	}
	line, ok := find(value, want.path[len(steps):], want.value)
	if len(steps) == len(want.path) {
		line, _ = keyed(op, "value")
	}
	return line, ok
}

// meets compares a step of a JSON pointer with a step of a field path. Which
// member an index means depends on the patches before it, so any will do.
func meets(step, field string) bool {
	if strings.HasPrefix(field, "[") {
		_, err := strconv.Atoi(step)
		return step == "-" || err == nil
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(step) == field
}

// targets is true when a patch's selector can mean the wanted object.
func targets(selector *types.Selector, want wanted) bool {
	return anchored(selector.Kind, want.kind) && anchored(selector.Name, want.name) &&
		(want.namespace == "" || anchored(selector.Namespace, want.namespace))
}

// anchored matches as kustomize does: an empty expression is any.
func anchored(expression, text string) bool {
	if expression == "" {
		return true
	}
	matched, err := regexp.MatchString("^(?:"+expression+")$", text)
	return err == nil && matched
}

// inlineStart gives the line before the first line of a patch that stands in
// the kustomization file itself.
func (r *Rendered) inlineStart(l *layer, text string) int {
	for _, doc := range documents(r.tree[l.file]) {
		if node := holding(doc, text); node != nil && text != "" {
			if node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
				return node.Line // the text begins on the line after the |
			}
			return node.Line - 1
		}
	}
	return 0
}

func holding(node *yaml.Node, text string) *yaml.Node {
	if node.Kind == yaml.ScalarNode && node.Value == text {
		return node
	}
	for _, inner := range node.Content {
		if found := holding(inner, text); found != nil {
			return found
		}
	}
	return nil
}
