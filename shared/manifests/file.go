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
	"unicode/utf8"

	rest "k8s.io/apimachinery/pkg/api/validation/path"
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
	text, err := readText(root, name)
	if err != nil {
		return contents{}, err
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

// readText reads a file that is text, and no longer than it may be. A program
// that reads another encoding would see other objects in it than this one.
func readText(root *os.Root, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, fault.Unable("read manifests: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, fault.Unable("read manifests: %w", err)
	case len(text) > maxFile:
		return nil, fault.Unable("read manifests: %s grew beyond %d MiB while it was read", name, maxFile>>20)
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return nil, fault.Unable("read manifests: %s is no text in UTF-8", name)
	}
	return text, nil
}

// otherBreaks are ends of lines for YAML, and not for what takes a file's
// documents apart.
var otherBreaks = []string{"\r", "\u0085", "\u2028", "\u2029"}

// hidden says whether a document has another one in it that would not be read:
// behind a mark of its end, or behind a mark in a line that ends otherwise.
func hidden(document []byte) bool {
	for _, end := range otherBreaks {
		for _, mark := range []string{"---", "..."} {
			if bytes.Contains(document, []byte(end+mark)) {
				return true
			}
		}
	}
	_, behind, ended := bytes.Cut(document, []byte("\n..."))
	for _, line := range bytes.Split(behind, []byte("\n")) {
		if line = bytes.TrimSpace(line); ended && len(line) > 0 && line[0] != '#' {
			return true
		}
	}
	return false
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
			return separator(err)
		}
		if hidden(document) {
			return errors.New("something stands behind the end of a document; begin the next one with ---")
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

// separator says what is wrong with a mark; what stands behind it may be a
// value, such as a key in PEM whose lines lost their indent.
func separator(err error) error {
	if text, _, is := strings.Cut(err.Error(), "separator:"); is {
		return errors.New(strings.ToLower(text) + "separator: a line begins with --- and goes on; is it indented as it should be?")
	}
	return briefly(err)
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

// named checks what tells objects apart, and what every API server asks of it.
// A namespace `n` is the boolean false in YAML, and an object must not change
// its place by that; nor may a name or a kind pass for another object's.
func named(object *unstructured.Unstructured) error {
	_, hasName, err1 := unstructured.NestedString(object.Object, "metadata", "name")
	_, _, err2 := unstructured.NestedString(object.Object, "metadata", "namespace")
	switch {
	case strings.Trim(object.GetKind(), letters) != "" || strings.Trim(object.GetAPIVersion(), letters+"./-") != "":
		return fault.Unable("its kind %q or apiVersion %q is none: letters and digits are allowed", object.GetKind(), object.GetAPIVersion())
	case err1 != nil || !hasName || object.GetName() == "":
		return fault.Unable("a %s has no metadata.name, or one that is no text", object.GetKind())
	case err2 != nil:
		return fault.Unable("%s %s has a metadata.namespace that is no text", object.GetKind(), object.GetName()).Hint("quote it: n, y, on, off and numbers are no texts in YAML")
	case len(rest.IsValidPathSegmentName(object.GetName())) > 0:
		return fault.Unable("a %s has a metadata.name that is none: / and %% are not allowed in it, nor is it . or ..", object.GetKind())
	case strings.Trim(object.GetNamespace(), strings.ToLower(letters)+"-") != "":
		return fault.Unable("%s %s has a metadata.namespace that is none: lower case letters, digits and - are allowed", object.GetKind(), object.GetName())
	}
	for _, field := range []string{"labels", "annotations"} {
		if _, _, err := unstructured.NestedStringMap(object.Object, "metadata", field); err != nil {
			return fault.Unable("%s %s has metadata.%s that are no map of texts", object.GetKind(), object.GetName(), field).Hint("quote them: n, y, on, off and numbers are no texts in YAML")
		}
	}
	return nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

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
