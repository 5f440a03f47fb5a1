package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// snapshotOf writes a snapshot of a folder and gives its bytes.
func snapshotOf(t *testing.T, dir, file string) []byte {
	t.Helper()
	if got := command("snapshot", "dir:"+dir, "-o", file, "--unsigned", "--key", "key"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func unpacked(t *testing.T, packed []byte) string {
	t.Helper()
	from, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// refused compares a spoiled snapshot with the side that it was taken of: it
// must never pass for equal.
func refused(t *testing.T, name, content string) {
	t.Helper()
	put(t, "bad.snap", content)
	got := command("--from", "file:bad.snap", "--to", "dir:production", "--unsigned", "--key", "key")
	if got.code != 3 || strings.Contains(got.out, "equal") || !strings.HasPrefix(got.err, "kubectl clawql drift: error: ") {
		t.Errorf("%s: exit %d\n%.600s", name, got.code, got.all())
	}
}

// A snapshot that is cut anywhere, or in which one bit is another, is an error
// even without a signature.
func TestCutAndFlippedSnapshots(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	whole := snapshotOf(t, "production", "p.snap")
	if got := command("--from", "file:p.snap", "--to", "dir:production", "--unsigned", "--key", "key"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	for size := 0; size < len(whole); size += 256 {
		refused(t, "cut", string(whole[:size]))
	}
	refused(t, "cut by one byte", string(whole[:len(whole)-1]))
	dice := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		spoiled := bytes.Clone(whole)
		at := dice.IntN(len(spoiled))
		if at >= 3 && at < 10 {
			continue // flags, time and system of gzip's header, which say nothing of the content
		}
		spoiled[at] ^= 1 << dice.IntN(8)
		refused(t, "a flipped bit", string(spoiled))
	}
}

// What unpacks well and is not what we wrote.
func TestForgedSnapshots(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	text := unpacked(t, snapshotOf(t, "production", "p.snap"))
	for name, change := range map[string][2]string{
		"a later version":              {`"clawql.io/v1alpha1"`, `"clawql.io/v1"`},
		"an older version":             {`"clawql.io/v1alpha1"`, `"clawql.io/v1alpha0"`},
		"another kind":                 {`"DriftSnapshot"`, `"DriftReport"`},
		"a field of tomorrow":          {`"tool":`, `"complete":true,"tool":`},
		"no name of the key":           {`"values":"`, `"values":"","x":"`},
		"no objects":                   {`"objects":[`, `"objects":null,"x":[`},
		"an object that is none":       {`"objects":[`, `"objects":[4711,`},
		"an object without a name":     {`"objects":[`, `"objects":[{"apiVersion":"v1","kind":"Pod"},`},
		"an object twice":              {`"objects":[`, `"objects":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}},{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}},`},
		"a value in plain text":        {`"objects":[`, `"objects":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"data":{"a":"cGxhaW4="}},`},
		"a value in another field":     {`"objects":[`, `"objects":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"stringData":{"a":"plain"}},`},
		"a value in an annotation":     {`"objects":[`, `"objects":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x","annotations":{"a":"plain"}}},`},
		"a value of a kind of its own": {`"objects":[`, `"objects":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"Data":{"a":"plain"}},`},
		"a field twice":                {`"objects":[`, `"objects":[],"objects":[`},
		"a field in another case":      {`"objects":[`, `"Objects":[],"objects":[`},
		"two objects of JSON":          {"}\n", "}{}\n"},
	} {
		forged := strings.Replace(text, change[0], change[1], 1)
		if forged == text {
			t.Fatalf("%s: nothing is forged", name)
		}
		refused(t, name, packed(t, forged))
	}
	refused(t, "two of gzip", packed(t, text)+packed(t, text))
	refused(t, "no gzip", text)
	refused(t, "nothing", "")
	refused(t, "what it left out", packed(t, strings.Replace(text, `"incomplete":null`, `"incomplete":["no right to list roles"]`, 1)))
}

// A small file that unpacks to much is refused before it fills the memory.
func TestABombIsNoSnapshot(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "production/all.yaml", goodFolder)
	put(t, "key", strings.Repeat("0123456789abcdef", 4))
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = io.WriteString(w, `{"apiVersion":"clawql.io/v1alpha1","kind":"DriftSnapshot","tool":"`)
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range 400 {
		_, _ = w.Write(zeros)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	bomb := b.Bytes()
	put(t, "bomb.snap", string(bomb))
	if got := command("--from", "file:bomb.snap", "--to", "dir:production", "--unsigned"); !strings.Contains(got.err, "it unpacks to more than") {
		t.Errorf("all of it is unpacked: %+v", got)
	}
	for range 2 { // a bomb within a bomb is no gzip of ours either
		refused(t, "a bomb", string(bomb))
		bomb = []byte(packed(t, string(bomb)))
	}
}

// The sides swapped are the opposite, not the same; one snapshot twice is equal
// to itself and says when it was taken.
func TestSwappedSnapshots(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	snapshotOf(t, "production", "p.snap")
	snapshotOf(t, "staging", "s.snap")
	for _, one := range []struct {
		from, to, says string
		code           int
	}{
		{"s.snap", "p.snap", "MORE PERMISSIVE", 1}, {"p.snap", "s.snap", "stricter", 1}, {"p.snap", "p.snap", "equal: ", 0},
	} {
		got := command("--from", "file:"+one.from, "--to", "file:"+one.to, "--unsigned")
		if got.code != one.code || !strings.Contains(got.out, one.says) || !strings.Contains(strings.Join(strings.Fields(got.out), " "), "just now") || one.says == "stricter" && strings.Contains(got.out, "MORE PERMISSIVE") {
			t.Errorf("%+v: %+v", one, got)
		}
	}
}

// Killed at any moment, a snapshot leaves the old file or the new one, whole,
// and never a signature of another.
func TestASnapshotKilledAtAnyMoment(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	old := snapshotOf(t, "staging", "k.snap")
	for range 25 {
		put(t, "k.snap", string(old))
		put(t, "k.snap.sig", "signature of the old one")
		command, _ := process(t, ":", "snapshot", "dir:production", "-o", "k.snap", "--unsigned", "--key", "key")
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
		_ = command.Process.Kill()
		_ = command.Wait()
		now, err := os.ReadFile("k.snap")
		if err != nil {
			t.Fatalf("the old one is gone: %v", err)
		}
		_, err = os.Stat("k.snap.sig")
		if isOld := bytes.Equal(now, old); !isOld && err == nil {
			t.Error("the new one stands beside the signature of the old one")
		}
		unpacked(t, now)
		left, _ := filepath.Glob(".drift-snapshot-*")
		for _, file := range left {
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v", file, info, err)
			}
			text, _ := os.ReadFile(file)
			c.none(t, file, string(text))
		}
	}
}
