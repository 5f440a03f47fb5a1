package driftcheck

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func packed(t *testing.T, s Side) []byte {
	t.Helper()
	text, err := Pack(s, "v1", noon)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What was packed is what comes out: numbers stay whole, nothing is lost.
func TestSnapshotKeepsAll(t *testing.T) {
	was := side(t, "production")
	was.Incomplete, was.Policies = []string{"context: secrets"}, map[string]string{"p": "path \"x\" {}"}
	all, got, err := Unpack("production", packed(t, was))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Objects, was.Objects) || !reflect.DeepEqual(got.Policies, was.Policies) || got.Values != was.Values || !got.Partial {
		t.Errorf("%+v", got)
	}
	if len(got.Incomplete) != 1 || !all.Time.Equal(noon) || all.Side != "production" {
		t.Errorf("%v %+v", got.Incomplete, all)
	}
	got.Incomplete, got.Policies = nil, nil
	if report := compare(t, got, side(t, "production"), Options{}); report.Status != finding.Equal {
		t.Errorf("%+v", report)
	}
	got.Incomplete = []string{"production: secrets"}
	if report := compare(t, got, side(t, "production"), Options{}); report.Status != finding.Incomplete {
		t.Errorf("%+v", report)
	}
}

// However a snapshot is cut, and whichever bit of it is turned, it is refused,
// or says exactly the same (a bit of gzip's header that means nothing).
func TestSnapshotCutOrAltered(t *testing.T) {
	text := packed(t, side(t, "production"))
	_, whole, err := Unpack("x", text)
	if err != nil {
		t.Fatal(err)
	}
	for n := range text {
		if _, _, err := Unpack("x", text[:n]); fault.Code(err) != fault.CodeUnable {
			t.Fatalf("cut at %d: %v", n, err)
		}
		altered := bytes.Clone(text)
		altered[n] ^= 1 << (n % 8)
		if _, got, err := Unpack("x", altered); err == nil && !reflect.DeepEqual(got, whole) {
			t.Fatalf("altered at %d: read as something else", n)
		}
	}
}

// No value gets into a snapshot, whoever forgot to seal it.
func TestSnapshotOfAPlainSecretIsRefused(t *testing.T) {
	for _, fields := range []map[string]any{
		{"data": map[string]any{"a": "Y2FuYXJ5"}}, {"stringData": map[string]any{"a": "canary"}},
		{"data": "canary"}, {"data": map[string]any{"a": int64(1)}}, {"data": map[string]any{"a": "[redacted canary]"}},
	} {
		o := &unstructured.Unstructured{Object: fields}
		o.SetAPIVersion("v1")
		o.SetKind("Secret")
		o.SetName("s")
		text, err := Pack(Side{Values: "x", Objects: objects(t, o)}, "v1", noon)
		if err == nil || text != nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v: %v", fields, err)
		}
	}
	if _, err := Pack(Side{}, "v1", noon); err == nil {
		t.Error("packed without a word about how Secrets were sealed")
	}
}

const testKey = "dGhpcyBpcyBhIGtleSBvZiBhIHRlc3QsIGxvbmc="

func keyed(t *testing.T, secret string) *Reader {
	t.Helper()
	r, err := NewKeyedReader([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// secretSide has one Secret with one value.
func secretSide(t *testing.T, r *Reader, value string) Side {
	t.Helper()
	dir := t.TempDir()
	text := "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns}\nstringData: {" + value + "}\n"
	if err := os.WriteFile(filepath.Join(dir, "s.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := r.Folder(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// Values are compared under one key, and never called equal under two.
func TestValuesUnderKeys(t *testing.T) {
	one, same, other, none := keyed(t, testKey), keyed(t, testKey+"\n"), keyed(t, "x"+testKey), NewValuelessReader()
	for name, c := range map[string]struct {
		a, b   *Reader
		av, bv string
		want   finding.Status
		places int
	}{
		"one key, one value":        {one, same, "a: v", "a: v", finding.Equal, 0},
		"one key, two values":       {one, same, "a: v", "a: w", finding.Drift, 1},
		"two keys, one value":       {one, other, "a: v", "a: v", finding.Incomplete, 0},
		"two keys, two values":      {one, other, "a: v", "a: w", finding.Incomplete, 0},
		"no key on one side":        {one, none, "a: v", "a: v", finding.Incomplete, 0},
		"no key on both":            {none, none, "a: v", "a: w", finding.Incomplete, 0},
		"no key, other names":       {none, one, "a: v", "b: v", finding.Drift, 1},
		"no key, one name of two":   {none, one, "a: v, b: v", "a: v", finding.Incomplete, 1},
		"key of a single reading":   {NewReader(), NewReader(), "a: v", "a: v", finding.Incomplete, 0},
		"no key, nothing to be had": {none, none, "", "", finding.Equal, 0},
	} {
		report := compare(t, secretSide(t, c.a, c.av), secretSide(t, c.b, c.bv), Options{})
		if report.Status != c.want || len(report.Findings) != c.places {
			t.Errorf("%s: %s, %v, %v", name, report.Status, report.Findings, report.Incomplete)
		}
	}
}

func TestShortKeyIsRefused(t *testing.T) {
	if _, err := NewKeyedReader([]byte("  " + strings.Repeat("k", 31) + "\n\n")); fault.Code(err) != fault.CodeUsage {
		t.Errorf("%v", err)
	}
}
