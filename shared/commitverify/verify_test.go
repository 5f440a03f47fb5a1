package commitverify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
	"github.com/clawql/clawql-workbench/shared/project"
	"golang.org/x/crypto/ssh"
)

func TestMain(m *testing.M) {
	if os.Getenv(realGit) != "" {
		os.Exit(beGit())
	}
	remove := gittest.Isolate()
	code := m.Run()
	remove()
	os.Exit(code)
}

// soft lets the keys of tests, which are files, sign for a feature branch.
const soft = `apiVersion: clawql.io/v1alpha1
kind: Project
environments: {production: {context: ctx, namespace: clawql, overlay: o}}
signing: {branches: [{name: "**", require: signature}]}
exceptions: [{control: signing, reason: keys of tests are files, owner: a, expires: 2999-01-01}]
`

// world is a repository with a policy: ann and bob may sign.
type world struct {
	*gittest.Repo
	ann, bob, eve *gittest.Key
	anchor        string
}

// people are made once: ssh-keygen takes longer than most of a test.
var people = map[string]struct {
	key     *gittest.Key
	private []byte
}{}

// person is somebody with a key, the same in each test.
func person(t *testing.T, name string) *gittest.Key {
	t.Helper()
	one, known := people[name]
	if !known {
		one.key = gittest.NewKey(t, name)
		private, err := os.ReadFile(one.key.Path)
		if err != nil {
			t.Fatal(err)
		}
		one.private = private
		people[name] = one
	}
	key := *one.key
	key.Path = filepath.Join(t.TempDir(), name)
	for suffix, content := range map[string][]byte{"": one.private, ".pub": []byte(key.Public + "\n")} {
		if err := os.WriteFile(key.Path+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &key
}

func newWorld(t *testing.T, initArgs ...string) *world {
	t.Helper()
	w := &world{Repo: gittest.New(t, initArgs...), ann: person(t, "ann"), bob: person(t, "bob"), eve: person(t, "eve")}
	w.Write(project.FileName, soft)
	w.list(w.ann, w.bob)
	w.anchor = w.Commit("policy", w.ann)
	return w
}

func (w *world) list(keys ...*gittest.Key) {
	w.Write(".clawql/allowed_signers", gittest.Signers(keys...))
}

func (w *world) options() Options {
	return Options{Revisions: []string{w.anchor + "..HEAD"}, Anchor: w.anchor, Ref: "feature"}
}

func (w *world) verify(o Options) *Report {
	w.T.Helper()
	report, err := Verify(w.T.Context(), gitchange.In(w.Dir), o)
	if err != nil {
		w.T.Fatal(err)
	}
	return report
}

// reasons are those of all refusals, one word list.
func reasons(r *Report) string {
	var all []string
	for _, one := range r.Refused {
		all = append(all, one.Reason)
	}
	return strings.Join(all, "; ")
}

func (w *world) want(o Options, reasonsWanted string) *Report {
	w.T.Helper()
	report := w.verify(o)
	if got := reasons(report); got != reasonsWanted {
		w.T.Errorf("refused for %q, want %q: %+v", got, reasonsWanted, report.Refused)
	}
	return report
}

func TestPlain(t *testing.T) {
	w := newWorld(t)
	w.Commit("one", w.ann)
	w.Commit("two", w.bob)
	report := w.want(w.options(), "")
	if report.Commits != 2 || report.Judged != 2 || len(report.Signers) != 2 || !report.Demanded || report.Policy != w.anchor {
		t.Errorf("%+v", report)
	}
	w.Commit("three", nil)
	w.Commit("four", w.eve)
	w.want(w.options(), "unsigned; not listed")
}

func TestWithoutAnyPolicyNothingIsAsked(t *testing.T) {
	r := gittest.New(t)
	r.Commit("one", nil)
	report, err := Verify(t.Context(), gitchange.In(r.Dir), Options{Revisions: []string{"HEAD"}, Now: time.Now()})
	if err != nil || report.Demanded || len(report.Refused) > 0 || report.Commits != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// The default asks for hardware: keys in files do not count.
func TestDefaultAsksForHardware(t *testing.T) {
	w := newWorld(t)
	w.Git("rm", "-q", project.FileName)
	w.anchor = w.Commit("no clawql.yaml", w.ann)
	w.Commit("one", w.ann)
	w.want(w.options(), "no hardware key")
}

func mustTime(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func fingerprintOf(t *testing.T, public []byte) string {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(key)
}
