package commitguard

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

var some = []gitchange.Change{
	{Path: "a", OldMode: "100644", NewMode: "100644", Old: "1", New: "2"},
	{Path: "b c", OldMode: "000000", NewMode: "120000", Old: "0", New: "3"},
}

func receipts(t *testing.T) *Receipts {
	return &Receipts{dir: filepath.Join(t.TempDir(), "clawql-hooks", "receipts"), key: []byte("key"), program: "one"}
}

func TestReceiptIsForTheVeryChanges(t *testing.T) {
	r := receipts(t)
	if r.Holds("base", some) {
		t.Fatal("a receipt that nobody wrote")
	}
	r.Add("base", some)
	if !r.Holds("base", []gitchange.Change{some[1], some[0]}) {
		t.Error("the order of changes counts")
	}
	for name, other := range map[string]func(c []gitchange.Change) []gitchange.Change{
		"one less":      func(c []gitchange.Change) []gitchange.Change { return c[:1] },
		"none":          func([]gitchange.Change) []gitchange.Change { return nil },
		"one twice":     func(c []gitchange.Change) []gitchange.Change { return append(c, c[0]) },
		"another id":    func(c []gitchange.Change) []gitchange.Change { c[0].New = "4"; return c },
		"another mode":  func(c []gitchange.Change) []gitchange.Change { c[0].NewMode = "120000"; return c },
		"another path":  func(c []gitchange.Change) []gitchange.Change { c[0].Path = "A"; return c },
		"another start": func(c []gitchange.Change) []gitchange.Change { c[0].Old = "9"; return c },
	} {
		if r.Holds("base", other(append([]gitchange.Change{}, some...))) {
			t.Errorf("%s: the receipt counts", name)
		}
	}
	for name, other := range map[string]Receipts{
		"another program": {dir: r.dir, key: r.key, program: "two"},
		"another key":     {dir: r.dir, key: []byte("other"), program: r.program},
	} {
		if other.Holds("base", some) {
			t.Errorf("%s: the receipt counts", name)
		}
	}
	if r.Holds("other", some) {
		t.Error("another base: the receipt counts")
	}
}

func TestReceiptsEnd(t *testing.T) {
	r := receipts(t)
	r.Add("base", some)
	old := time.Now().Add(-fresh - time.Minute)
	if err := os.Chtimes(r.file("base", some), old, old); err != nil {
		t.Fatal(err)
	}
	if r.Holds("base", some) {
		t.Error("an old receipt counts")
	}
	r.Add("base", some)
	if !r.Holds("base", some) {
		t.Error("it is not renewed")
	}
	for i := range 2 * keep {
		r.Add(fmt.Sprint(i), some)
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil || len(entries) > keep {
		t.Errorf("%d receipts are kept, %v", len(entries), err)
	}
	if !r.Holds(fmt.Sprint(2*keep-1), some) {
		t.Error("the newest went")
	}
}

func TestNoReceiptsIsNoError(t *testing.T) {
	var none *Receipts
	none.Add("base", some)
	if none.Holds("base", some) {
		t.Error("none holds something")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blocked := &Receipts{dir: filepath.Join(file, "receipts"), key: []byte("key")}
	blocked.Add("base", some)
	if blocked.Holds("base", some) {
		t.Error("it holds what could not be written")
	}
}

func TestKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	home := t.TempDir()
	getenv := func(name string) string { return map[string]string{"HOME": home}[name] }
	keys := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { keys[i], _ = userKey(getenv) })
	}
	all.Wait()
	for _, key := range keys {
		if len(key) != keySize || !bytes.Equal(key, keys[0]) {
			t.Fatalf("keys differ: %x, %x", key, keys[0])
		}
	}
	dir := filepath.Join(home, ".local/state/clawql")
	name := filepath.Join(dir, "receipts.key")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for what, spoil := range map[string]func() error{
		"others read it": func() error { return os.Chmod(name, 0o640) },
		"it is short":    func() error { _ = os.Chmod(name, 0o600); return os.Truncate(name, 5) },
		"it is a link":   func() error { _ = os.Rename(name, name+"2"); return os.Symlink(name+"2", name) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if key, err := userKey(getenv); err == nil {
			t.Errorf("%s: %x", what, key)
		}
	}
	if _, err := userKey(func(string) string { return "relative" }); err == nil {
		t.Error("a key below a relative path")
	}
}
