package driftstore

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"

	"github.com/clawql/clawql-workbench/shared/fault"
)

func TestFile(t *testing.T) {
	ctx := context.Background()
	f := File{filepath.Join(t.TempDir(), "h.json")}
	if text, version, err := f.Load(ctx); text != nil || version != "" || err != nil {
		t.Fatalf("%q %q %v", text, version, err)
	}
	if err := f.Save(ctx, []byte("one"), "stale"); !errors.Is(err, ErrChanged) {
		t.Errorf("%v", err)
	}
	if err := f.Save(ctx, []byte("one"), ""); err != nil {
		t.Fatal(err)
	}
	_, version, _ := f.Load(ctx)
	if err := f.Save(ctx, []byte("two"), version); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(ctx, []byte("three"), version); !errors.Is(err, ErrChanged) {
		t.Errorf("%v", err)
	}
	info, err := os.Stat(f.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(f.Path), ".drift*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := (File{filepath.Join(f.Path, "x")}).Save(ctx, nil, ""); fault.Code(err) != fault.CodeUnable {
		t.Errorf("%v", err)
	}
}

// client-go's tracker stands in for the API server's storage here; the live
// test has a real one, with its resourceVersions.
func TestConfigMap(t *testing.T) {
	ctx := context.Background()
	m := ConfigMap{&Cluster{Context: "c", dynamic: fake.NewSimpleDynamicClient(runtime.NewScheme())}, "clawql-drift"}
	if text, version, err := m.Load(ctx); text != nil || version != "" || err != nil {
		t.Fatalf("%q %q %v", text, version, err)
	}
	if err := m.Save(ctx, []byte("one"), ""); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(ctx, []byte("other"), ""); !errors.Is(err, ErrChanged) {
		t.Errorf("%v", err)
	}
	if text, _, err := m.Load(ctx); string(text) != "one" || err != nil {
		t.Errorf("%q %v", text, err)
	}
	object, _ := m.Cluster.Get(ctx, "ConfigMap", m.Namespace, HistoryName)
	if object.GetLabels()[RecordLabel] != RecordValue {
		t.Errorf("%v", object.GetLabels())
	}
}

// counting is a store in memory that loses every second race.
type counting struct {
	lock    sync.Mutex
	text    string
	version int
	races   int
}

func (c *counting) String() string { return "memory" }

func (c *counting) Load(context.Context) ([]byte, string, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	return []byte(c.text), strconv.Itoa(c.version), nil
}

func (c *counting) Save(_ context.Context, text []byte, version string) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if version != strconv.Itoa(c.version) || c.races > 0 {
		c.races--
		return ErrChanged
	}
	c.text, c.version = string(text), c.version+1
	return nil
}

func TestChangeBeginsAnew(t *testing.T) {
	add := func(old []byte) ([]byte, error) { return append(old, 'x'), nil }
	c := &counting{races: 3}
	if err := Change(context.Background(), c, add); err != nil || c.text != "x" {
		t.Errorf("%q %v", c.text, err)
	}
	if err := Change(context.Background(), &counting{races: 100}, add); !errors.Is(err, ErrChanged) || fault.Code(err) != fault.CodeUnable {
		t.Errorf("%v", err)
	}
	c = &counting{}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { _ = Change(context.Background(), c, add) })
	}
	group.Wait()
	if len(c.text) != c.version || c.version == 0 {
		t.Errorf("%q after %d writes", c.text, c.version)
	}
}

// Many at once on one file: each change is in it, and nothing lies beside it,
// not even what one that was killed had begun.
func TestFileAtOnce(t *testing.T) {
	f := File{filepath.Join(t.TempDir(), "h.json")}
	if err := os.WriteFile(filepath.Join(filepath.Dir(f.Path), ".h.json.new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	add := func(old []byte) ([]byte, error) { return append(bytes.TrimSpace(old), 'x'), nil }
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for errors.Is(Change(context.Background(), f, add), ErrChanged) {
				continue
			}
		})
	}
	group.Wait()
	text, _, err := f.Load(context.Background())
	if err != nil || string(text) != "xxxxxxxx\n" {
		t.Errorf("%q %v", text, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(f.Path)); len(left) != 1 {
		t.Errorf("%v", left)
	}
}
