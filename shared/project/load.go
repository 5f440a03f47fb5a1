package project

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"gopkg.in/yaml.v3"
	kjson "sigs.k8s.io/json"
	kyaml "sigs.k8s.io/yaml"
)

// Parse reads clawql.yaml, sets its defaults and checks it. Unknown and
// doubled fields are errors that name their path and line.
func Parse(content []byte) (*Project, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(content, &root); err != nil {
		return nil, fault.Usage("%s: %s", FileName, strings.TrimPrefix(err.Error(), "yaml: ")).
			Hint("clawql.yaml is one YAML document; `kubectl clawql deploy init` writes a commented one")
	}
	if more := documents(content); more > 1 {
		return nil, fault.Usage("%s has %d YAML documents: the second would be ignored", FileName, more).Hint("clawql.yaml is one YAML document")
	}
	asJSON, err := kyaml.YAMLToJSONStrict(content)
	if err != nil {
		return nil, fault.Usage("%s: %s", FileName, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var p Project
	strict, err := kjson.UnmarshalStrict(asJSON, &p)
	if err != nil {
		return nil, fault.Usage("%s: %s", FileName, plainJSONError(err))
	}
	if len(strict) > 0 {
		return nil, unknownField(&root, strict[0])
	}
	p.setDefaults()
	if err := p.validate(&root); err != nil {
		return nil, err
	}
	return &p, nil
}

// documents counts the YAML documents of content, up to one that does not parse.
func documents(content []byte) (n int) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var node yaml.Node
		if err := decoder.Decode(&node); err == io.EOF {
			return n
		} else if err != nil {
			return n + 1
		}
		n++
	}
}

var quotedField = form(`field "([^"]+)"`)

// unknownField turns sigs.k8s.io/json's `unknown field "a.b"` into an error
// with a line and the nearest field that exists.
func unknownField(root *yaml.Node, cause error) error {
	match := quotedField().FindStringSubmatch(cause.Error())
	if match == nil {
		return fault.Usage("%s: %s", FileName, cause)
	}
	path := match[1]
	what := "unknown field"
	if strings.Contains(cause.Error(), "duplicate") {
		what = "doubled field"
	}
	err := fault.Usage("%s:%d: %s %s", FileName, lineOf(root, path), what, path)
	if near := nearestField(path); near != "" {
		return err.Hint("did you mean %s?", near)
	}
	return err.Hint("nothing was applied; remove the field or see docs/clawql-yaml.md for those that exist")
}

func plainJSONError(err error) string {
	if typed, ok := err.(*json.UnmarshalTypeError); ok {
		return "field " + typed.Field + " is a " + typed.Value + ", but must be of type " + typed.Type.String()
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// lineOf finds the line of a path such as environments.prod.contxt or
// images[0].digest; 1 where it cannot be found.
func lineOf(root *yaml.Node, path string) int {
	node := root
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := 1
	for _, step := range splitPath(path) {
		next, at := child(node, step)
		if next == nil {
			return line
		}
		node, line = next, at
	}
	return line
}

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

func child(node *yaml.Node, step string) (*yaml.Node, int) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1], node.Content[i].Line
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i < len(node.Content) {
			return node.Content[i], node.Content[i].Line
		}
	}
	return nil, 0
}
