package driftcheck

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
	return &Reader{s}, nil
}

// NewValuelessReader makes a reader that keeps nothing of a Secret's values,
// not even a hash.
func NewValuelessReader() *Reader { return &Reader{&sealer{valueless: true}} }

// values names the key without giving it away.
func (s *sealer) values() string {
	if s.valueless {
		return NoValues
	}
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte("clawql drift: name of the key, v1"))
	return hex.EncodeToString(mac.Sum(nil))[:16]
}

// sameValues are two sides whose Secrets can be compared. Sealed with different
// keys, or with none, values are left out of both; that they were is said where
// there is something that should have been compared.
func sameValues(from, to Side) (Side, Side, []string) {
	if from.Values == to.Values && from.Values != NoValues {
		return from, to, nil
	}
	keys := map[string]bool{}
	for _, o := range from.Objects {
		for _, name := range secretKeys(o) {
			keys[name] = true
		}
	}
	n := 0
	for _, o := range to.Objects {
		for _, name := range secretKeys(o) {
			if keys[name] {
				n++
			}
		}
	}
	from.Objects, to.Objects = withoutValues(from.Objects), withoutValues(to.Objects)
	if n == 0 {
		return from, to, nil
	}
	return from, to, []string{fmt.Sprintf("%s of Secrets: %s", console.Count(n, "value"), whyNot(from, to))}
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
func secretKeys(o *unstructured.Unstructured) (names []string) {
	if !isSecret(o) {
		return nil
	}
	data, _, _ := unstructured.NestedMap(o.Object, "data")
	for key := range data {
		names = append(names, o.GetNamespace()+"\x00"+o.GetName()+"\x00"+key)
	}
	return names
}

// withoutValues are the objects, of Secrets copies that say only which keys
// there are.
func withoutValues(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	list := make([]*unstructured.Unstructured, len(objects))
	for i, o := range objects {
		list[i] = o
		if data, has, _ := unstructured.NestedMap(o.Object, "data"); has && isSecret(o) {
			for key := range data {
				data[key] = noValue
			}
			list[i] = o.DeepCopy()
			_ = unstructured.SetNestedMap(list[i].Object, data, "data")
		}
	}
	return list
}
