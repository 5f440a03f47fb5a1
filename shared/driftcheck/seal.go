package driftcheck

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// # What is a secret's value
//
// Sealed while an object is read, before anything is kept of it:
//
//   - of a Secret (of any API group, and one that stands within another object)
//     every value of data and stringData, and every annotation, since tools
//     keep the whole object there; a field that no Secret has is an error;
//   - anywhere else the text under a name that says so (a variable, a header, a
//     field, a key of a ConfigMap, an annotation; see isCredential), a text that
//     shows it by itself (see holdsCredential) or gives one a value (assigns), a
//     flag of a command line, and an annotation that holds a whole object.
//
// Labels, names and images are no secrets: every label can be asked for. The
// documents in a ConfigMap of security configuration are read as they are.

// sealedMark is what seal writes.
var sealedMark = regexp.MustCompile(`\[redacted [0-9a-f]{12}\]`)

// sealedText is a text that is sealed as a whole.
var sealedText = regexp.MustCompile(`^\[redacted [0-9a-f]{12}\]$`)

// isSealed says whether nothing of a value is left in a text.
func isSealed(text string) bool { return text == noValue || sealedText.MatchString(text) }

// Sealed says whether a text holds what stands for a value: such a text must
// not be written into a cluster.
func Sealed(text string) bool {
	return strings.Contains(text, noValue) || strings.Contains(text, sealedValue) && sealedMark.MatchString(text)
}

// namesSecret is the kind Secret however it is written: an API server takes
// only one way, a folder holds them all.
func namesSecret(kind any) bool {
	text, _ := kind.(string)
	return strings.EqualFold(strings.TrimSpace(text), "Secret")
}

// hide seals what is a secret's value in an object, see above.
func (s *sealer) hide(o *unstructured.Unstructured) error {
	group := o.GroupVersionKind().Group
	switch secret := namesSecret(o.GetKind()); {
	case isSecret(o):
		return s.sealSecret(o)
	case secret && (o.GetKind() != "Secret" || builtInGroup(group)):
		return fault.Unable("read %s: its kind is %q in %q, which no API server knows; a Secret is kind Secret of v1", describe(o), o.GetKind(), o.GetAPIVersion())
	}
	w := walker{s, policyGroups[group]}
	for name, value := range o.Object {
		switch {
		case slices.Contains([]string{"apiVersion", "kind", "metadata"}, name), grants[group]:
		case name == "data" && configured(o):
			w.named(value)
		default:
			o.Object[name] = w.within(name, value)
		}
	}
	if namesSecret(o.GetKind()) {
		w.embedded(o.Object)
	}
	if notes, _, _ := unstructured.NestedFieldNoCopy(o.Object, "metadata", "annotations"); notes != nil {
		w.annotations(notes)
	}
	return nil
}

// grants are groups whose objects have no place for a value.
var grants = map[string]bool{"rbac.authorization.k8s.io": true, "networking.k8s.io": true}

// policyGroups are groups whose texts are patterns and expressions: a name
// alone says nothing of what stands under it.
var policyGroups = map[string]bool{"admissionregistration.k8s.io": true, "kyverno.io": true, "policies.kyverno.io": true, "security.istio.io": true}

// configured says whether a ConfigMap holds what a comparer of meaning reads.
func configured(o *unstructured.Unstructured) bool {
	return o.GetKind() == "ConfigMap" && o.GroupVersionKind().Group == "" && (o.GetLabels()[configLabel] != "" || o.GetName() == "clawql-abac-policy")
}

func builtInGroup(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// secretFields are those that a Secret has.
var secretFields = []string{"apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"}

// sealSecret joins data and stringData, as the API server does, and seals them,
// and the annotations.
func (s *sealer) sealSecret(o *unstructured.Unstructured) error {
	for _, field := range slices.Sorted(maps.Keys(o.Object)) {
		if !slices.Contains(secretFields, field) {
			return fault.Unable("%s has a field that no Secret has, beside %s", describe(o), strings.Join(secretFields, ", "))
		}
	}
	if _, _, err := unstructured.NestedString(o.Object, "type"); err != nil {
		return fault.Unable("%s: its type is no text", describe(o))
	}
	if _, _, err := unstructured.NestedBool(o.Object, "immutable"); err != nil {
		return fault.Unable("%s: its immutable is neither true nor false", describe(o))
	}
	sealed := map[string]any{}
	for _, field := range []string{"data", "stringData"} {
		values, _, err := unstructured.NestedMap(o.Object, field)
		if err != nil {
			return fault.Unable("%s: its %s is no map", describe(o), field)
		}
		for key, value := range values {
			text, err := secretText(field, value)
			if err != nil {
				return fault.Unable("%s: %w", describe(o), err)
			}
			sealed[key] = s.seal(text)
		}
	}
	delete(o.Object, "stringData")
	delete(o.Object, "data")
	if len(sealed) > 0 {
		o.Object["data"] = sealed
	}
	return s.sealAnnotations(o)
}

// secretText is a value as a pod gets it; null is an empty one.
func secretText(field string, value any) (string, error) {
	text, ok := value.(string)
	if !ok && value != nil {
		return "", fmt.Errorf("a value of its %s is no text", field)
	}
	if field != "data" {
		return text, nil
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("a value of its data is no base64")
	}
	return string(raw), nil
}

func (s *sealer) sealAnnotations(o *unstructured.Unstructured) error {
	notes, has, err := unstructured.NestedFieldNoCopy(o.Object, "metadata", "annotations")
	fields, isMap := notes.(map[string]any)
	if err != nil || has && notes != nil && !isMap {
		return fault.Unable("%s: its annotations are no map", describe(o))
	}
	for name, value := range fields {
		fields[name] = s.all(value)
	}
	return nil
}

// all seals every text and number below a value.
func (s *sealer) all(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, one := range value {
			value[name] = s.all(one)
		}
		return value
	case []any:
		for i, one := range value {
			value[i] = s.all(one)
		}
		return value
	case nil, bool:
		return value
	}
	return s.text(fmt.Sprint(value))
}

// text seals a text that is there.
func (s *sealer) text(text string) any {
	if text == "" || text == "true" || text == "false" || isSealed(text) {
		return text
	}
	return s.seal(text)
}

// openNames are maps and lists whose texts select, name or order, and never let
// anybody in; policies mean them as they are written.
var openNames = map[string]bool{
	"labels": true, "matchLabels": true, "matchExpressions": true, "selector": true, "nodeSelector": true, "podSelector": true, "namespaceSelector": true,
	"imagePullSecrets": true, "secretKeyRef": true, "configMapKeyRef": true, "secretRef": true, "securityContext": true, "tolerations": true, "affinity": true,
}

// walker seals what is a credential in an object that is no Secret.
type walker struct {
	*sealer
	policy bool // its texts are patterns
}

// within seals what is a credential below a field.
func (w walker) within(name string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		w.fields(name, value)
		return value
	case []any:
		w.items(name, value)
		return value
	case string:
		if w.secret(name, value) {
			return w.text(value)
		}
	case int64, float64:
		if !w.policy && isCredential(name) {
			return w.text(fmt.Sprint(value))
		}
	}
	return value
}

func (w walker) secret(name, value string) bool {
	switch {
	case name == "image":
		return withPassword(value)
	case w.policy:
		return holdsCredential(value)
	}
	return isCredential(name) || holdsCredential(value) || assigns(value)
}

// inlineNames hold the value itself, of the field around them.
var inlineNames = []string{"value", "values", "inline", "literal", "plain", "plainText", "plaintext", "text", "content", "string", "stringValue", "raw", "data"}

func (w walker) fields(name string, fields map[string]any) {
	switch {
	case openNames[name]:
		return
	case name == "annotations":
		w.annotations(fields)
		return
	case namesSecret(fields["kind"]):
		w.embedded(fields)
	}
	for _, label := range []string{"name", "key", "header"} { // {name: TOKEN, value: ...}
		if what, ok := fields[label].(string); ok && isCredential(what) && fields["value"] != nil {
			fields["value"] = w.all(fields["value"])
		}
	}
	for _, inline := range inlineNames { // adminPassword: {value: ...}
		if value, has := fields[inline]; has && isCredential(name) && !w.policy {
			fields[inline] = w.all(value)
		}
	}
	for inner, value := range fields {
		fields[inner] = w.within(inner, value)
	}
}

// embedded seals the values of a Secret that stands within another object.
func (w walker) embedded(fields map[string]any) {
	for _, part := range []string{"data", "stringData"} {
		if value, has := fields[part]; has {
			fields[part] = w.all(value)
		}
	}
}

func (w walker) items(name string, list []any) {
	if openNames[name] {
		return
	}
	for i, item := range list {
		text, isText := item.(string)
		if isText && (name == "args" || name == "command") {
			list[i] = w.argument(text, i > 0 && asksForValue(list[i-1]))
		} else {
			list[i] = w.within("", item)
		}
	}
}

// asksForValue: --token, whose value is the next argument.
func asksForValue(before any) bool {
	flag, _ := before.(string)
	return strings.HasPrefix(flag, "-") && !strings.ContainsAny(flag, "= ") && isCredential(flag)
}

// argument is one word of a command line: --token=value, TOKEN=value, a value
// that the word before asks for, or a line of a shell.
func (w walker) argument(text string, isValue bool) any {
	name, value, has := strings.Cut(text, "=")
	switch {
	case isValue && !strings.HasPrefix(text, "-"), strings.ContainsAny(text, " \n\t") && (assigns(text) || flags(text)), holdsCredential(text):
		return w.text(text)
	case has && isCredential(name) && value != "":
		return name + "=" + fmt.Sprint(w.text(value))
	}
	return text
}

// flags says whether a line of a shell hands over a credential: --token value.
func flags(line string) bool {
	words := strings.Fields(line)
	for i := range words {
		if i > 0 && asksForValue(words[i-1]) {
			return true
		}
	}
	return false
}

// meantNotes begin annotations that a policy means as they are written.
var meantNotes = []string{"container.apparmor.security.beta.kubernetes.io/", "seccomp.security.alpha.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/"}

// annotations seals those that say so, and those that hold a whole object: the
// notes of tools.
func (w walker) annotations(notes any) {
	fields, _ := notes.(map[string]any)
	for name, value := range fields {
		text, ok := value.(string)
		if !ok || slices.ContainsFunc(meantNotes, func(start string) bool { return strings.HasPrefix(name, start) }) {
			continue
		}
		if isCredential(name) || holdsCredential(text) || assigns(text) || holdsObject(name, text) {
			fields[name] = w.text(text)
		}
	}
}

func holdsObject(name, text string) bool {
	return strings.HasPrefix(name, "objectset.rio.cattle.io/") || strings.Contains(text, `"apiVersion"`) || strings.Contains(text, "apiVersion:") || strings.Contains(text, `"stringData"`)
}

// named seals what stands under a name that says so, and leaves documents.
func (w walker) named(data any) {
	fields, _ := data.(map[string]any)
	for name, value := range fields {
		if text, ok := value.(string); ok && isCredential(name) && !strings.Contains(name, ".") {
			fields[name] = w.text(text)
		}
	}
}
