package manifests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// contents is what one file holds.
type contents struct {
	objects []*unstructured.Unstructured
	policy  *string
	skipped string
}

func readFile(root *os.Root, name string) (contents, error) {
	text, err := root.ReadFile(name)
	if err != nil {
		return contents{}, fault.Unable("read manifests: %w", err)
	}
	var c contents
	switch strings.ToLower(path.Ext(name)) {
	case ".hcl":
		policy := string(text)
		return contents{policy: &policy}, nil
	case ".json":
		err = c.readJSON(text)
	default:
		err = c.readYAML(text)
	}
	if errors.Is(err, errNotManifest) && len(c.objects) == 0 {
		return contents{skipped: err.Error()}, nil
	}
	if err != nil {
		return contents{}, fault.Unable("read manifests: %s: %w", name, err)
	}
	return c, nil
}

// readYAML takes a file's documents one by one.
func (c *contents) readYAML(text []byte) error {
	documents := utilyaml.NewYAMLReader(bufio.NewReaderSize(bytes.NewReader(text), 64<<10))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := yaml.YAMLToJSONStrict(document) // a doubled key is an error
		if err != nil {
			return briefly(err)
		}
		if err := c.decode(text); err != nil {
			return err
		}
	}
}

// readJSON takes JSON documents that follow one another.
func (c *contents) readJSON(text []byte) error {
	documents := json.NewDecoder(bytes.NewReader(text))
	for {
		var document json.RawMessage
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return briefly(err)
		}
		if err := c.decode(document); err != nil {
			return err
		}
	}
}

// decode reads one document as the API server does: whole numbers stay whole,
// a doubled key is an error.
func (c *contents) decode(document []byte) error {
	var fields any
	strict, err := kjson.UnmarshalStrict(document, &fields)
	if err = errors.Join(append(strict, err)...); err != nil {
		return briefly(err)
	}
	switch document := fields.(type) {
	case nil:
		return nil
	case map[string]any:
		return c.add(document)
	}
	return errNotManifest
}

// add takes one document: an object, a List of them, or nothing at all.
func (c *contents) add(fields map[string]any) error {
	if len(fields) == 0 {
		return nil
	}
	object := &unstructured.Unstructured{Object: fields}
	if object.GetAPIVersion() == "" || object.GetKind() == "" {
		return errNotManifest
	}
	if object.GetKind() == "Kustomization" && strings.HasPrefix(object.GetAPIVersion(), "kustomize.config.k8s.io/") {
		return fault.Unable("it is a kustomization, which is no manifest yet").Hint("render it first: kubectl kustomize FOLDER > rendered/all.yaml")
	}
	if items, isList := fields["items"].([]any); isList && strings.HasSuffix(object.GetKind(), "List") {
		return c.addItems(items)
	}
	if err := named(object); err != nil {
		return err
	}
	c.objects = append(c.objects, object)
	return nil
}

// named checks what tells objects apart. A namespace `n` is the boolean false
// in YAML, and an object must not change its place by that.
func named(object *unstructured.Unstructured) error {
	_, hasName, err1 := unstructured.NestedString(object.Object, "metadata", "name")
	_, _, err2 := unstructured.NestedString(object.Object, "metadata", "namespace")
	switch {
	case err1 != nil || !hasName || object.GetName() == "":
		return fault.Unable("a %s has no metadata.name, or one that is no text", object.GetKind())
	case err2 != nil:
		return fault.Unable("%s %s has a metadata.namespace that is no text", object.GetKind(), object.GetName()).Hint("quote it: n, y, on, off and numbers are no texts in YAML")
	}
	return nil
}

func (c *contents) addItems(items []any) error {
	for _, item := range items {
		fields, ok := item.(map[string]any)
		if !ok {
			return fault.Unable("an item of a List is no object")
		}
		if err := c.add(fields); err != nil {
			return err
		}
	}
	return nil
}

// quoted is where a parser's complaint begins to repeat what it read.
const quoted = "`'\"{[*!"

// briefly keeps what names the place and the kind of a mistake, and drops what
// the parser quotes: that may be a secret's value.
func briefly(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n")
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if strings.Contains(line, "already set") || strings.HasPrefix(line, "duplicate field") {
		where, _, hasLine := strings.Cut(line, ": key")
		if !hasLine {
			return errors.New("a key stands twice")
		}
		return errors.New(where + ": a key stands twice")
	}
	if at := strings.IndexAny(line, quoted); at >= 0 {
		line = line[:at] + "…"
	}
	return errors.New(line)
}
