package driftcheck

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
)

// SnapshotKind is the kind of the object in a snapshot.
const SnapshotKind = "DriftSnapshot"

// Bounds of what a snapshot unpacks to: bytes, and times its packed size. Ten
// thousand objects that differ in their names alone pack to a hundredth.
const (
	maxSnapshot   = 1 << 30
	leastSnapshot = 64 << 20 // is always allowed
	maxRatio      = 500
)

// Snapshot is a side as a file holds it: gzip of one JSON object. It has no
// value of a Secret; everything else is as it was read.
type Snapshot struct {
	output.Header `json:",inline"`
	Tool          string            `json:"tool"` // version of the program that took it
	Time          time.Time         `json:"time"`
	Side          string            `json:"side"`             // how it was called
	Server        string            `json:"server,omitempty"` // version of Kubernetes, "" for a folder
	Namespaces    []string          `json:"namespaces"`
	Kinds         []string          `json:"kinds"` // null is not known
	Partial       bool              `json:"partial"`
	Values        string            `json:"values"` // names the key that sealed the Secrets, or NoValues
	Incomplete    []string          `json:"incomplete"`
	Policies      map[string]string `json:"policies"`
	Auth          *VaultAuth        `json:"vaultAuth,omitempty"` // null is not known
	Running       []Run             `json:"running"`             // images by digest
	Objects       []json.RawMessage `json:"objects"`
}

// Pack makes a snapshot of a side. A Secret whose values are not sealed is an
// error: nothing of it is written.
func Pack(s Side, tool string, at time.Time) ([]byte, error) {
	all := Snapshot{
		Header: output.Head(SnapshotKind), Tool: tool, Time: at.UTC().Truncate(time.Second), Side: s.Name, Server: s.Server,
		Namespaces: s.Namespaces, Kinds: s.Kinds, Partial: s.Partial, Values: s.Values, Incomplete: s.Incomplete, Policies: s.Policies, Auth: s.Auth, Running: s.Running,
		Objects: make([]json.RawMessage, len(s.Objects)),
	}
	if all.Values == "" {
		return nil, fault.Unable("pack a snapshot of %s: it does not say how its Secrets were sealed", s.Name)
	}
	for i, o := range s.Objects {
		tree := o.Tree()
		if err := sealed(tree); err != nil {
			return nil, err
		}
		text, err := appendJSON(nil, tree.Object)
		if err != nil {
			return nil, fault.Unable("pack a snapshot: %s: %w", o, err)
		}
		all.Objects[i] = text
	}
	var b bytes.Buffer
	packer := gzip.NewWriter(&b)
	if err := json.NewEncoder(packer).Encode(all); err != nil {
		return nil, fault.Unable("pack a snapshot: %w", err)
	}
	if err := packer.Close(); err != nil {
		return nil, fault.Unable("pack a snapshot: %w", err)
	}
	return b.Bytes(), nil
}

// Unpack reads a snapshot. One that was cut, altered, made by a later version,
// or that holds a Secret with a value is an error of fault.Unable. Whether it
// is the one that somebody took, only its signature can say.
func Unpack(name string, packed []byte) (*Snapshot, Side, error) {
	all, err := unpack(packed)
	if err != nil {
		return nil, Side{}, fault.Unable("read snapshot %s: %w", name, err).Hint("it was cut, altered, or is no snapshot; take it anew: kubectl clawql drift snapshot SIDE -o FILE")
	}
	side := Side{
		Name: name, Server: all.Server, Namespaces: all.Namespaces, Kinds: all.Kinds, Partial: all.Partial, Values: all.Values,
		Policies: all.Policies, Auth: all.Auth, Running: all.Running, Objects: make([]*Object, len(all.Objects)),
	}
	for _, missed := range all.Incomplete {
		side.Incomplete = append(side.Incomplete, name+": "+missed)
	}
	for i, text := range all.Objects {
		var fields map[string]any
		if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &fields); err != nil {
			return nil, Side{}, fault.Unable("read snapshot %s: object %d is broken", name, i)
		}
		o := &unstructured.Unstructured{Object: fields}
		if o.GetAPIVersion() == "" || o.GetKind() == "" || o.GetName() == "" {
			return nil, Side{}, fault.Unable("read snapshot %s: object %d lacks apiVersion, kind or name", name, i)
		}
		if err := sealed(o); err != nil {
			return nil, Side{}, err
		}
		if side.Objects[i], err = newObject(o); err != nil {
			return nil, Side{}, err
		}
	}
	return all, side, nil
}

func unpack(packed []byte) (*Snapshot, error) {
	from := bytes.NewReader(packed)
	unpacker, err := gzip.NewReader(from)
	if err != nil {
		return nil, err
	}
	unpacker.Multistream(false)
	most := min(maxSnapshot, max(leastSnapshot, maxRatio*len(packed)))
	text, err := io.ReadAll(io.LimitReader(unpacker, int64(most)+1)) // at its end the checksum is compared
	switch {
	case err != nil:
		return nil, err
	case len(text) > most:
		return nil, fault.Unable("it unpacks to more than %d MiB, which is too much for its %d bytes", most>>20, len(packed))
	case from.Len() > 0:
		return nil, fault.Unable("%d bytes stand behind its end", from.Len())
	}
	all := &Snapshot{}
	if strict, err := kjson.UnmarshalStrict(text, all); err != nil || len(strict) > 0 { // fields that are unknown, or there twice
		return nil, fault.Unable("its content is no snapshot of this version")
	}
	if all.Header != output.Head(SnapshotKind) || all.Values == "" || all.Time.IsZero() || all.Objects == nil {
		return nil, fault.Unable("it is a %q of %q; only %s of %s is read", all.Kind, all.APIVersion, SnapshotKind, output.APIVersion)
	}
	return all, nil
}

// sealed is an error for a Secret that holds a value.
func sealed(o *unstructured.Unstructured) error {
	if !isSecret(o) {
		return nil
	}
	data, _, err1 := unstructured.NestedMap(o.Object, "data")
	notes, _, err2 := unstructured.NestedMap(o.Object, "metadata", "annotations")
	bad := err1 != nil || err2 != nil
	for field := range o.Object {
		bad = bad || field == "stringData" || !slices.Contains(secretFields, field)
	}
	for _, values := range []map[string]any{data, notes} {
		for _, value := range values {
			text, ok := value.(string)
			bad = bad || !ok || text != "" && text != "true" && text != "false" && !isSealed(text)
		}
	}
	if bad {
		return fault.Unable("snapshot: %s has a value that is not sealed", describe(o))
	}
	return nil
}
