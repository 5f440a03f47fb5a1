package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// documents parses a file of YAML documents, opening `kind: List`. What does
// not parse is left out: Locate only helps an error message along.
func documents(content []byte) []*yaml.Node {
	var docs []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var doc yaml.Node
		if decoder.Decode(&doc) != nil {
			return docs
		}
		if len(doc.Content) == 0 {
			continue
		}
		docs = append(docs, members(doc.Content[0])...)
	}
}

func members(doc *yaml.Node) []*yaml.Node {
	if items := child(doc, "items"); strings.HasSuffix(scalar(doc, "kind"), "List") && items != nil {
		return items.Content
	}
	return []*yaml.Node{doc}
}

// find gives the line on which node sets the field at path to value; a nil
// value is any.
func find(node *yaml.Node, path []string, value any) (int, bool) {
	line := node.Line
	for _, step := range path {
		key, next := stepInto(node, step)
		if next == nil {
			return 0, false
		}
		node, line = next, key
	}
	return line, value == nil || same(node, value)
}

// stepInto gives the line and the node one step down.
func stepInto(node *yaml.Node, step string) (int, *yaml.Node) {
	node = follow(node)
	if !strings.HasPrefix(step, "[") {
		return keyed(node, step)
	}
	for i, member := range node.Content {
		if node.Kind == yaml.SequenceNode && picks(step, i, member) {
			return member.Line, member
		}
	}
	return 0, nil
}

// picks is true when a `[name=x]` or `[3]` step means the i-th member.
func picks(step string, i int, member *yaml.Node) bool {
	step = strings.Trim(step, "[]")
	if key, name, named := strings.Cut(step, "="); named {
		return scalar(member, key) == name
	}
	return step == strconv.Itoa(i)
}

// keyed finds a key of a mapping; the last of duplicates wins, as it does in
// the parsers that let them pass, and a merge key (<<) comes after own keys.
func keyed(node *yaml.Node, key string) (int, *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		return 0, nil
	}
	for i := len(node.Content) - 2; i >= 0; i -= 2 {
		if node.Content[i].Value == key {
			return node.Content[i].Line, node.Content[i+1]
		}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Tag == "!!merge" {
			return keyed(follow(node.Content[i+1]), key)
		}
	}
	return 0, nil
}

// follow goes from an alias to what it stands for.
func follow(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func child(node *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if node == nil {
			return nil
		}
		_, node = keyed(follow(node), key)
	}
	return node
}

func scalar(node *yaml.Node, keys ...string) string {
	node = child(node, keys...)
	if node == nil || follow(node).Kind != yaml.ScalarNode {
		return ""
	}
	return follow(node).Value
}

// same compares a node with a value of a rendered object.
func same(node *yaml.Node, value any) bool {
	node = follow(node)
	if node.Kind == yaml.ScalarNode {
		return node.Value == fmt.Sprint(value)
	}
	var decoded any
	if node.Decode(&decoded) != nil {
		return false
	}
	left, errLeft := json.Marshal(decoded)
	right, errRight := json.Marshal(value)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}
