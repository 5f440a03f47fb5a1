package manifests

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"unicode/utf8"

	rest "k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// contents is what one file holds.
type contents[T any] struct {
	objects []entry[T]
	policy  *string
	skipped string
}

// entry is one object, and what was made of it.
type entry[T any] struct {
	id    string // tells it apart, see identity
	value T
	kept  bool
}

func (r *Reader[T]) file(root *os.Root, name string) (c contents[T], err error) {
	file, err := root.Open(name)
	if err != nil {
		return c, fault.Unable("read manifests: %w", err)
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return c, fault.Unable("read manifests: %w", err)
	}
	if strings.ToLower(path.Ext(name)) == ".hcl" {
		c, err = readPolicy[T](file, name)
	} else {
		c, err = r.manifests(file, name)
	}
	if err == nil && !asItWas(file, before) {
		return contents[T]{}, fault.Unable("read manifests: %s changed while it was read", name)
	}
	return c, err
}

func (r *Reader[T]) manifests(file io.Reader, name string) (c contents[T], err error) {
	read := r.readYAML
	if strings.ToLower(path.Ext(name)) == ".json" {
		read = r.readJSON
	}
	c.objects, err = read(file)
	if errors.Is(err, errNotManifest) && len(c.objects) == 0 {
		return contents[T]{skipped: err.Error()}, nil
	}
	if err != nil {
		return contents[T]{}, fault.Unable("read manifests: %s: %w", name, err)
	}
	return c, nil
}

// readPolicy reads a Vault policy whole.
func readPolicy[T any](file io.Reader, name string) (contents[T], error) {
	whole, err := io.ReadAll(&bounded{Reader: file, left: maxDocument})
	if err == nil {
		err = text(whole)
	}
	if err != nil {
		return contents[T]{}, fault.Unable("read manifests: %s: %w", name, err)
	}
	policy := string(whole)
	return contents[T]{policy: &policy}, nil
}

// asItWas says whether a file is still what it was when it was opened: one that
// was cut in between could end with a whole document, and hold less.
func asItWas(file *os.File, before os.FileInfo) bool {
	now, err := file.Stat()
	return err == nil && now.Size() == before.Size() && now.ModTime().Equal(before.ModTime())
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

// readYAML takes a file's documents one by one; there is never more of the file
// in memory than one of them.
func (r *Reader[T]) readYAML(file io.Reader) (list []entry[T], err error) {
	in := &bounded{Reader: file}
	documents := utilyaml.NewYAMLReader(bufio.NewReaderSize(in, 64<<10))
	for {
		in.left = maxDocument
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, separator(err)
		}
		if err := text(document); err != nil {
			return list, err
		}
		if hidden(document) {
			return list, errors.New("something stands behind the end of a document; begin the next one with ---")
		}
		some, err := r.parsed(document)
		if list = append(list, some...); err != nil {
			return list, err
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
func (r *Reader[T]) readJSON(file io.Reader) (list []entry[T], err error) {
	in := &bounded{Reader: file}
	documents := json.NewDecoder(in)
	for {
		in.left = maxDocument
		var document json.RawMessage
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, briefly(err)
		}
		if err := text(document); err != nil {
			return list, err
		}
		some, err := r.decode(document)
		if list = append(list, some...); err != nil {
			return list, err
		}
	}
}

// bounded lets through so many bytes: of one document, and of the whole file,
// which may grow while it is read.
type bounded struct {
	io.Reader
	left, whole int
}

func (b *bounded) Read(p []byte) (n int, err error) {
	switch {
	case b.left <= 0:
		return 0, fault.Unable("a document of it is larger than %d MiB", maxDocument>>20).Hint("split it: one object a document, with --- between them")
	case b.whole > maxFile:
		return 0, fault.Unable("it grew beyond %d MiB while it was read", maxFile>>20)
	}
	n, err = b.Reader.Read(p[:min(len(p), b.left)])
	b.left, b.whole = b.left-n, b.whole+n
	return n, err
}

// text is an error for what is no text. A program that reads another encoding
// would see other objects in it than this one.
func text(document []byte) error {
	if !utf8.Valid(document) || bytes.IndexByte(document, 0) >= 0 {
		return errors.New("it is no text in UTF-8")
	}
	return nil
}

// document is what one text holds.
type document[T any] struct {
	once sync.Once
	list []entry[T]
	err  error
}

// parsed reads one document of YAML. Two of the same text, as two environments
// have many of them, are read once.
func (r *Reader[T]) parsed(yaml []byte) ([]entry[T], error) {
	sum := sha256.Sum256(yaml)
	r.lock.Lock()
	known := r.known[sum]
	if known == nil {
		known = &document[T]{}
		r.known[sum] = known
	}
	r.lock.Unlock()
	known.once.Do(func() { known.list, known.err = r.parse(yaml) })
	return known.list, known.err
}

func (r *Reader[T]) parse(document []byte) ([]entry[T], error) {
	json, err := yaml.YAMLToJSONStrict(document) // a doubled key is an error
	if err != nil {
		return nil, briefly(err)
	}
	return r.decode(json)
}

// decode reads one document as the API server does: whole numbers stay whole,
// a doubled key is an error.
func (r *Reader[T]) decode(document []byte) ([]entry[T], error) {
	var fields any
	strict, err := kjson.UnmarshalStrict(document, &fields)
	if err = errors.Join(append(strict, err)...); err != nil {
		return nil, briefly(err)
	}
	switch document := fields.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return r.add(nil, document)
	}
	return nil, errNotManifest
}

// add takes one document: an object, a List of them, or nothing at all.
func (r *Reader[T]) add(list []entry[T], fields map[string]any) ([]entry[T], error) {
	if len(fields) == 0 {
		return list, nil
	}
	object := &unstructured.Unstructured{Object: fields}
	if object.GetAPIVersion() == "" || object.GetKind() == "" {
		return list, errNotManifest
	}
	if object.GetKind() == "Kustomization" && strings.HasPrefix(object.GetAPIVersion(), "kustomize.config.k8s.io/") {
		return list, fault.Unable("it is a kustomization, which is no manifest yet").Hint("render it first: kubectl kustomize FOLDER > rendered/all.yaml")
	}
	if items, isList := fields["items"].([]any); isList && strings.HasSuffix(object.GetKind(), "List") {
		return r.addItems(list, items)
	}
	if err := named(object); err != nil {
		return list, err
	}
	one := entry[T]{id: identity(object)}
	var err error
	one.value, one.kept, err = r.take(object)
	return append(list, one), err
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

func (r *Reader[T]) addItems(list []entry[T], items []any) (_ []entry[T], err error) {
	for i, item := range items {
		fields, ok := item.(map[string]any)
		if !ok {
			return list, fault.Unable("an item of a List is no object")
		}
		if list, err = r.add(list, fields); err != nil {
			return list, err
		}
		items[i] = nil // what was taken is no longer needed
	}
	return list, nil
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
