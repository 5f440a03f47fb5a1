package changegate

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/gitrepo"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

func TestMain(m *testing.M) {
	remove := gittest.Isolate()
	code := m.Run()
	remove()
	os.Exit(code)
}

const overlay = "deploy/prod.yaml"

// world is a repository with a signed history on main, pushed to a remote:
// the root brings the list with alice and bob, a second commit follows.
type world struct {
	*gittest.Repo
	alice, bob, mallory *gittest.Key
	root, origin        string
	policy              Policy
}

// template is made once; each test gets a copy, since git is slow to start.
var template struct {
	once                sync.Once
	dir, origin, root   string
	alice, bob, mallory gittest.Key
}

func makeTemplate(t *testing.T) {
	w := &world{Repo: gittest.New(t), alice: gittest.NewKey(t, "alice"), bob: gittest.NewKey(t, "bob"), mallory: gittest.NewKey(t, "mallory")}
	w.list(w.alice, w.bob)
	w.Write(overlay, "replicas: 3\n")
	w.root = w.Commit("root", w.alice)
	w.Write(overlay, "replicas: 4\n")
	w.Commit("more replicas", w.bob)
	origin := w.Bare()
	dir := filepath.Join(os.Getenv("HOME"), "template") // the home of Isolate, which outlives the test
	template.dir, template.origin, template.root = filepath.Join(dir, "repo"), filepath.Join(dir, "origin.git"), w.root
	for from, to := range map[string]string{w.Dir: template.dir, origin: template.origin} {
		copyTree(t, from, to)
	}
	for key, to := range map[*gittest.Key]*gittest.Key{w.alice: &template.alice, w.bob: &template.bob, w.mallory: &template.mallory} {
		*to = *key
		to.Path = filepath.Join(dir, key.Name)
		run(t, "cp", "-p", key.Path, key.Path+".pub", dir)
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "cp", "-a", from+"/.", to) // with its times, which the index knows
}

func newWorld(t *testing.T) *world {
	t.Helper()
	template.once.Do(func() { makeTemplate(t) })
	w := &world{Repo: &gittest.Repo{T: t, Dir: t.TempDir()}, root: template.root, origin: filepath.Join(t.TempDir(), "origin.git")}
	alice, bob, mallory := template.alice, template.bob, template.mallory
	w.alice, w.bob, w.mallory = &alice, &bob, &mallory
	copyTree(t, template.dir, w.Dir)
	copyTree(t, template.origin, w.origin)
	w.Git("remote", "set-url", "origin", "file://"+w.origin)
	w.policy.LastDeployed = w.root
	return w
}

func (w *world) list(keys ...*gittest.Key) {
	w.T.Helper()
	w.Write(DefaultSigners, gittest.Signers(keys...))
}

func (w *world) push() {
	w.T.Helper()
	w.Git("push", "-q", "-f", "origin", "HEAD:main")
}

// commit makes a change of the overlay and pushes it past all review: only the
// gate stands between it and the cluster.
func (w *world) commit(message string, key *gittest.Key) string {
	w.T.Helper()
	w.Write(overlay, "message: "+message+"\n")
	id := w.Commit(message, key)
	w.push()
	return id
}

// store makes HEAD a commit object with any content.
func (w *world) store(raw string) string {
	w.T.Helper()
	id := w.Store(raw)
	w.Git("reset", "-q", "--hard", id)
	w.push()
	return id
}

// ask runs the gate as a deploy would.
func (w *world) ask() gate.Result {
	w.T.Helper()
	repo, err := gitrepo.Open(w.T.Context(), w.Dir)
	if err != nil {
		return gate.Result{Verdict: gate.CouldNotRun, Summary: err.Error(), Hints: fault.Hints(err)}
	}
	defer repo.Close()
	return gate.RunAll(w.T.Context(), time.Now, []gate.Gate{New(repo, w.policy)})[0]
}

// must checks verdict and text; the text is looked for in all that a person
// would see.
func must(t *testing.T, r gate.Result, verdict gate.Verdict, texts ...string) {
	t.Helper()
	shown := r.Summary
	for _, e := range r.Evidence {
		shown += "\n" + e.Subject + ": " + e.Fact
	}
	shown += "\nhints: " + strings.Join(r.Hints, "\n")
	if r.Verdict != verdict {
		t.Errorf("verdict %q, want %q", r.Verdict, verdict)
	}
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			t.Errorf("nothing says %q", text)
		}
	}
	if r.Verdict != gate.Passed && len(r.Hints) == 0 {
		t.Error("no hint says what to do")
	}
	if t.Failed() {
		t.Log(shown)
	}
}
