package render

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// inFields looks at the fields of a kustomization that change objects by
// themselves: images, namespace, labels, annotations, replicas.
func (r *Rendered) inFields(l *layer, want wanted) (Position, bool) {
	docs := documents(r.tree[l.file])
	if len(docs) != 1 || len(want.path) == 0 {
		return Position{}, false
	}
	line, ok := 0, false
	switch last := want.path[len(want.path)-1]; {
	case last == "image":
		line, ok = imageLine(docs[0], want.value)
	case want.is("metadata", "namespace"):
		line, ok = find(docs[0], []string{"namespace"}, want.value)
	case len(want.path) > 1 && want.path[len(want.path)-2] == "labels":
		line, ok = labelLine(docs[0], last, want.value)
	case len(want.path) > 1 && want.path[len(want.path)-2] == "annotations":
		line, ok = find(docs[0], []string{"commonAnnotations", last}, want.value)
	case want.is("spec", "replicas"):
		line, ok = find(docs[0], []string{"replicas", "[name=" + want.name + "]", "count"}, want.value)
	}
	return Position{l.file, line}, ok
}

func (w wanted) is(path ...string) bool {
	return strings.Join(w.path, "\x00") == strings.Join(path, "\x00")
}

// imageLine finds the `images:` entry that made the reference, and in it the
// line of the tag or digest.
func imageLine(doc *yaml.Node, value any) (int, bool) {
	ref, _ := value.(string)
	list := child(doc, "images")
	if list == nil || ref == "" {
		return 0, false
	}
	for _, entry := range list.Content {
		name := scalar(entry, "newName")
		if name == "" {
			name = scalar(entry, "name")
		}
		if name == repository(ref) {
			return entryLine(entry), true
		}
	}
	return 0, false
}

func entryLine(entry *yaml.Node) int {
	for _, key := range []string{"digest", "newTag", "newName"} {
		if line, node := keyed(entry, key); node != nil {
			return line
		}
	}
	return entry.Line
}

func labelLine(doc *yaml.Node, key string, value any) (int, bool) {
	if line, ok := find(doc, []string{"commonLabels", key}, value); ok {
		return line, true
	}
	list := child(doc, "labels")
	if list == nil {
		return 0, false
	}
	for _, entry := range list.Content {
		if line, ok := find(entry, []string{"pairs", key}, value); ok {
			return line, true
		}
	}
	return 0, false
}

// inGenerators looks for the entry that makes a ConfigMap or a Secret, whose
// rendered name ends in a hash.
func (r *Rendered) inGenerators(l *layer, want wanted) (Position, bool) {
	field := map[string]string{"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}[want.kind]
	if field == "" || want.value != nil {
		return Position{}, false
	}
	for _, doc := range documents(r.tree[l.file]) {
		list := child(doc, field)
		if list == nil {
			continue
		}
		for _, entry := range list.Content {
			if name := scalar(entry, "name"); name == want.name || name != "" && strings.HasPrefix(want.name, name+"-") {
				return Position{l.file, entry.Line}, true
			}
		}
	}
	return Position{}, false
}
