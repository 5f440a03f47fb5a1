package driftcheck

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// What stands for a value of a Secret: its keyed hash, or nothing at all.
const (
	sealedValue = "[redacted "
	noValue     = "[not compared]"
)

// NoValues is the Values of a side whose Secrets were read without a key that
// outlives the reading: which keys they have is known, their values are not.
const NoValues = "none"

// leastKey is how many bytes a shared key has at least: what is shorter can be
// guessed, and with it the values of Secrets that are short.
const leastKey = 32

// NewKeyedReader makes a reader that seals with a key that several readings
// share: their values can be compared. secret is the content of a key file, 32
// bytes at least; else the error is fault.Usage.
func NewKeyedReader(secret []byte) (*Reader, error) {
	if secret = []byte(strings.TrimSpace(string(secret))); len(secret) < leastKey {
		return nil, fault.Usage("the key for values of Secrets has %d bytes; it needs %d at least, by chance", len(secret), leastKey).
			Hint("umask 077; openssl rand -base64 32 > FILE")
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, "clawql drift: values of Secrets, v1", 32)
	if err != nil {
		return nil, fault.Unable("derive the key for values of Secrets: %w", err)
	}
	s := &sealer{}
	copy(s.key[:], derived)
	return readerWith(s), nil
}

// NewValuelessReader makes a reader that keeps nothing of a Secret's values,
// not even a hash.
func NewValuelessReader() *Reader { return readerWith(&sealer{valueless: true}) }

// values names the key without giving it away.
func (s *sealer) values() string {
	if s.valueless {
		return NoValues
	}
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte("clawql drift: name of the key, v1"))
	return hex.EncodeToString(mac.Sum(nil))[:16]
}

// sameValues are two sides whose values can be compared. Sealed with different
// keys, or with none, they are left out of both; that they were is said where
// there is something that should have been compared.
func sameValues(from, to Side) (_, _ Side, unseen []string, err error) {
	if from.Values == to.Values && from.Values != NoValues {
		return from, to, nil, nil
	}
	for what, count := range map[string]func(*Object) map[string]int{
		"of Secrets": secretKeys, "that may be credentials": credentials,
	} {
		if n := common(from.Objects, to.Objects, count); n > 0 {
			unseen = append(unseen, fmt.Sprintf("%s %s: %s", console.Count(n, "value"), what, whyNot(from, to)))
		}
	}
	slices.Sort(unseen)
	if from.Objects, err = withoutValues(from.Objects); err == nil {
		to.Objects, err = withoutValues(to.Objects)
	}
	return from, to, unseen, err
}

// common is how many of what is counted both sides have.
func common(from, to []*Object, count func(*Object) map[string]int) (n int) {
	has := map[string]int{}
	for _, o := range from {
		maps.Copy(has, count(o))
	}
	for _, o := range to {
		for name, times := range count(o) {
			n += min(times, has[name])
		}
	}
	return n
}

func whyNot(from, to Side) string {
	for _, s := range []Side{from, to} {
		if s.Values == NoValues {
			return s.Name + " was taken without a key (`snapshot --key FILE`)"
		}
	}
	return fmt.Sprintf("%s and %s were sealed with different keys (--key FILE)", from.Name, to.Name)
}

func isSecret(o *unstructured.Unstructured) bool {
	return o.GetKind() == "Secret" && o.GroupVersionKind().Group == ""
}

// secretKeys names each value of a Secret; of another object there are none.
func secretKeys(o *Object) map[string]int {
	if !o.isSecret() {
		return nil
	}
	names := map[string]int{}
	data, _, _ := unstructured.NestedMap(o.Tree().Object, "data")
	for key := range data {
		names[o.namespace+"\x00"+o.name+"\x00"+key] = 1
	}
	return names
}

// credentials counts what is sealed in an object beside the values of a Secret.
func credentials(o *Object) map[string]int {
	n := 0
	if !o.holdsSealed() {
		return nil
	}
	count := func(text string) string {
		if Sealed(text) {
			n++
		}
		return text
	}
	for name, value := range o.Tree().Object {
		if name != "data" || !o.isSecret() {
			rewritten(value, count)
		}
	}
	return map[string]int{strings.Join([]string{o.group, o.kind, o.namespace, o.name}, "\x00"): n}
}

// rewritten is a copy of a value in which each text is changed.
func rewritten(value any, change func(string) string) any {
	switch value := value.(type) {
	case map[string]any:
		all := make(map[string]any, len(value))
		for name, one := range value {
			all[name] = rewritten(one, change)
		}
		return all
	case []any:
		all := make([]any, len(value))
		for i, one := range value {
			all[i] = rewritten(one, change)
		}
		return all
	case string:
		return change(value)
	}
	return value
}

// withoutValues are the objects, copies where something stands for a value, in
// which nothing does.
func withoutValues(objects []*Object) ([]*Object, error) {
	list := slices.Clone(objects)
	for i, o := range objects {
		if !o.holdsSealed() {
			continue
		}
		fields, _ := rewritten(o.Tree().Object, func(text string) string { return sealedMark.ReplaceAllString(text, noValue) }).(map[string]any)
		var err error
		if list[i], err = newObject(&unstructured.Unstructured{Object: fields}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// holdsSealed says whether something in an object may stand for a value.
func (o *Object) holdsSealed() bool {
	return bytes.Contains(o.text, []byte(sealedValue)) || bytes.Contains(o.text, []byte(noValue))
}
