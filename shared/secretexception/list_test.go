package secretexception

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

var salt = bytes.Repeat([]byte{7}, SaltSize)

func subject(rule, in, path, content string) Subject {
	return Subject{rule, in, path, func(to interface{ Write([]byte) (int, error) }) { to.Write([]byte(content)) }}
}

func day(text string) project.Date {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return project.Date(d)
}

func entry(until string) Entry { return Entry{Reason: "test data", Owner: "ada", Expires: day(until)} }

func one(t testing.TB) *List {
	l := New(salt)
	if err := l.Add(subject("r", "", "a/b.txt", "value"), entry("2027-02-01")); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOnlyTheVeryContentIsExcepted(t *testing.T) {
	l := one(t)
	if l.Find(subject("r", InContent, "a/b.txt", "value")) != 0 {
		t.Error("it is not found")
	}
	for _, other := range []Subject{
		subject("s", "", "a/b.txt", "value"), subject("r", InName, "a/b.txt", "value"),
		subject("r", "", "a/c.txt", "value"), subject("r", "", "a/b.txt", "value2"), subject("r", "", "a/b.txt", ""),
	} {
		if l.Find(other) >= 0 {
			t.Errorf("excepts %s %s %s too", other.Rule, other.In, other.Path)
		}
	}
	if New(bytes.Repeat([]byte{8}, SaltSize)).Sum(subject("r", "", "a", "v")) == l.Sum(subject("r", "", "a", "v")) {
		t.Error("the salt does not count")
	}
}

// A line copied to another path or rule by hand excepts nothing there.
func TestCopiedLinesAreWorthNothing(t *testing.T) {
	l := one(t)
	l.entries[0].Path = "elsewhere"
	l.index()
	if l.Find(subject("r", "", "elsewhere", "value")) >= 0 {
		t.Error("the hash does not bind the path")
	}
}

func TestWrittenAndReadBack(t *testing.T) {
	l := one(t)
	if err := l.Add(subject("r", InMessage, "", "value"), entry("2027-03-01")); err != nil {
		t.Fatal(err)
	}
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "value") {
		t.Error("the content is in the file")
	}
	back, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(back.Entries()) != fmt.Sprint(l.Entries()) || back.Find(subject("r", InMessage, "", "value")) != 1 {
		t.Errorf("%v", back.Entries())
	}
}

// The same content again takes the place of the first.
func TestAddedTwice(t *testing.T) {
	l := one(t)
	if err := l.Add(subject("r", "", "a/b.txt", "value"), entry("2028-01-01")); err != nil {
		t.Fatal(err)
	}
	if all := l.Entries(); len(all) != 1 || all[0].Expires.String() != "2028-01-01" {
		t.Errorf("%v", all)
	}
}

func TestExpires(t *testing.T) {
	e := entry("2027-02-01")
	for at, want := range map[string]bool{"2027-01-31T00:00:00Z": false, "2027-02-01T23:59:59Z": false, "2027-02-02T00:00:00Z": true} {
		now, _ := time.Parse(time.RFC3339, at)
		if e.Expired(now) != want {
			t.Errorf("at %s: %v", at, !want)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	text, _ := one(t).Encode()
	good := string(text)
	for name, bad := range map[string]string{
		"empty":              "",
		"no map":             "- a\n",
		"unknown field":      good + "more: 1\n",
		"unknown in entry":   strings.Replace(good, "  owner:", "  note: x\n  owner:", 1),
		"doubled field":      good + "kind: SecretExceptions\n",
		"another kind":       strings.Replace(good, "kind: SecretExceptions", "kind: Project", 1),
		"another version":    strings.Replace(good, "v1alpha1", "v1", 1),
		"two documents":      good + "---\n" + good,
		"short salt":         strings.Replace(good, "salt: ", "salt: AAAA # ", 1),
		"no reason":          strings.Replace(good, "reason: test data", "reason: ' '", 1),
		"no owner":           strings.Replace(good, "owner: ada", "owner: ''", 1),
		"no last day":        strings.Replace(good, "2027-02-01", "", 1),
		"no date":            strings.Replace(good, "2027-02-01", "soon", 1),
		"escape sequence":    strings.Replace(good, "reason: test data", `reason: "\e[2J"`, 1),
		"two lines":          strings.Replace(good, "reason: test data", `reason: "a\nb"`, 1),
		"no path":            strings.Replace(good, "path: a/b.txt", "path: ''", 1),
		"hash cut":           strings.Replace(good, "hash: ", "hash: ab # ", 1),
		"unknown place":      strings.Replace(good, "path: a/b.txt", "path: a/b.txt\n  in: dream", 1),
		"an alias bomb":      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f]\n",
		"too large":          good + strings.Repeat("# x\n", MaxSize/4),
		"not text":           "\x00\xff",
		"hash in upper case": strings.Replace(good, "hash: ", "hash: AB", 1),
	} {
		if bad == good {
			t.Fatalf("%s: the case changes nothing", name)
		}
		if l, err := Parse([]byte(bad)); fault.Code(err) != fault.CodeUsage {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, _ := one(f).Encode()
	f.Add(text)
	f.Add([]byte("apiVersion: x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := Parse(text)
		if err != nil {
			if fault.Code(err) != fault.CodeUsage {
				t.Errorf("exit code %d: %v", fault.Code(err), err)
			}
			return
		}
		again, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(again)
		if err != nil || fmt.Sprint(back.Entries()) != fmt.Sprint(l.Entries()) {
			t.Errorf("%v: %v against %v", err, back, l)
		}
	})
}
