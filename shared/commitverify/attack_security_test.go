package commitverify

import (
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
	"github.com/clawql/clawql-workbench/shared/project"
)

// at dates what git commits from here on.
func (w *world) at(when time.Time) {
	stamp := when.Format(time.RFC3339)
	w.Env = []string{"GIT_COMMITTER_DATE=" + stamp, "GIT_AUTHOR_DATE=" + stamp}
}

func TestCommitAdmitsItsOwnSigner(t *testing.T) {
	w := newWorld(t)
	w.list(w.ann, w.bob, w.eve)
	w.Commit("me too", w.eve)
	w.Commit("and on", w.eve) // what a refused commit changes does not count
	w.want(w.options(), "not listed; not listed")
}

func TestSomebodyAdmitsANewcomer(t *testing.T) {
	w := newWorld(t)
	w.list(w.ann, w.bob, w.eve)
	w.Commit("eve joins", w.ann)
	w.Commit("work", w.eve)
	report := w.want(w.options(), "")
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0].Text, "changes the policy") {
		t.Errorf("the change of the policy is not said aloud: %+v", report.Notes)
	}
}

func TestOneWhoWasRemovedReturnsByAnOldBranch(t *testing.T) {
	w := newWorld(t)
	old := w.anchor
	w.list(w.ann)
	w.anchor = w.Commit("bob leaves", w.ann)
	w.Git("checkout", "-q", "-b", "side", old)
	w.Commit("from the past", w.bob)
	w.want(w.options(), "not listed")
	// ... nor does a merge by somebody who may bring it in unseen.
	w.Git("checkout", "-q", "main")
	w.Merge("side", w.ann)
	w.want(w.options(), "not listed")
}

func TestOldBranchChangesTheListAndKeepsWhoWasRemoved(t *testing.T) {
	w := newWorld(t)
	old := w.anchor
	w.list(w.ann)
	w.anchor = w.Commit("bob leaves", w.ann)
	w.Git("checkout", "-q", "-b", "side", old)
	w.list(w.ann, w.bob, w.eve)
	w.Commit("eve joins, where bob still is", w.ann)
	w.Commit("bob works", w.bob)
	w.list(w.bob, w.ann, w.eve)
	w.Commit("again", w.ann)
	w.Commit("bob works again", w.bob)
	w.want(w.options(), "not listed; not listed")
}

func TestMergeThatDropsARemoval(t *testing.T) {
	w := newWorld(t)
	w.Git("checkout", "-q", "-b", "side")
	w.list(w.ann)
	w.Commit("bob leaves", w.ann)
	w.Git("checkout", "-q", "main")
	w.Commit("main goes on", w.ann)
	w.Merge("side", w.bob, "-s", "ours")
	w.want(w.options(), "not listed")
	w.Git("reset", "-q", "--hard", "HEAD~1")
	w.Merge("side", w.ann, "-s", "ours")
	w.Commit("bob goes on", w.bob)
	w.want(w.options(), "not listed")
}

func TestTwoBranchesEachWithANewcomer(t *testing.T) {
	w := newWorld(t)
	dan := person(t, "dan")
	w.Git("checkout", "-q", "-b", "one")
	w.list(w.ann, w.bob, w.eve)
	w.Commit("eve joins", w.ann)
	w.Git("checkout", "-q", "-b", "two", w.anchor)
	w.list(dan, w.ann, w.bob)
	w.Commit("dan joins", w.bob)
	w.Git("checkout", "-q", "main")
	w.Merge("one", w.ann)
	w.Merge("two", w.ann)
	w.Commit("by eve", w.eve)
	w.Commit("by dan", dan)
	w.want(w.options(), "")
}

func TestNewcomerMergesMainIntoTheirBranch(t *testing.T) {
	w := newWorld(t)
	w.Git("checkout", "-q", "-b", "feature")
	w.list(w.ann, w.bob, w.eve)
	w.Commit("eve joins", w.ann)
	w.Git("checkout", "-q", "main")
	w.Write("a", "1")
	w.anchor = w.Commit("main goes on", w.ann)
	w.Git("checkout", "-q", "feature")
	w.Merge("main", w.eve)
	w.want(w.options(), "")
}

func TestPolicyIsTakenAway(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"deleted":     func(w *world) { w.Git("rm", "-q", ".clawql/allowed_signers") },
		"a link":      func(w *world) { w.Git("rm", "-q", "-r", ".clawql"); symlink(w, "elsewhere", ".clawql") },
		"moved by it": func(w *world) { w.Write(project.FileName, soft+"change: {allowedSigners: other}\n") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			change(w)
			w.Commit("no list", w.ann)
			w.Commit("free", nil)
			w.want(w.options(), string(PolicyRemoved)+"; unsigned")
		})
	}
}

func symlink(w *world, target, name string) {
	id := w.Pipe(target, "hash-object", "-w", "--stdin")
	w.Git("update-index", "--add", "--cacheinfo", "120000,"+id+","+name)
	w.Git("checkout", "-q", "--", name)
}

func TestPolicyIsBroken(t *testing.T) {
	w := newWorld(t)
	w.Write(".clawql/allowed_signers", "rubbish")
	w.Commit("broken", w.ann)
	w.Commit("goes on", w.ann)
	w.want(w.options(), string(PolicyBroken)) // and the list before still counts
	w.Write(project.FileName, "apiVersion: [")
	w.list(w.ann, w.bob)
	w.Commit("broken too", w.ann)
	w.want(w.options(), string(PolicyBroken)+"; "+string(PolicyBroken))
	_, err := Verify(t.Context(), gitchange.In(w.Dir), Options{Revisions: []string{"HEAD"}, Anchor: "HEAD"})
	if fault.Code(err) != fault.CodeUsage {
		t.Errorf("an anchor whose policy cannot be read: %v", err)
	}
}

func TestWeakeningInTheSameCommitDoesNotCount(t *testing.T) {
	w := newWorld(t)
	w.Git("rm", "-q", project.FileName)
	w.anchor = w.Commit("hardware only", w.ann)
	w.Write(project.FileName, soft)
	w.Commit("keys in files will do", w.ann)
	w.Commit("so here is one", w.ann)
	w.want(w.options(), "no hardware key; no hardware key")
}

func TestTime(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	for name, tt := range map[string]struct {
		when time.Time
		want string
	}{
		"a clock that is fast":   {now.Add(skew - time.Minute), ""},
		"future":                 {now.Add(skew + time.Minute), "out of time"},
		"far future":             {now.AddDate(60, 0, 0), "out of time"},
		"a clock that is slow":   {now.Add(-backdate + time.Hour), ""},
		"before its parent":      {now.Add(-backdate - time.Hour), "out of time"},
		"the year when all were": {time.Unix(1, 0), "out of time"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.at(tt.when)
			w.Commit("dated", w.ann)
			o := w.options()
			o.Now = now
			w.want(o, tt.want)
		})
	}
}

// A key that has expired signs as if it were yesterday: on an old branch,
// where the parents' times do not help.
func TestExpiredKeySignsInThePast(t *testing.T) {
	w := &world{Repo: gittest.New(t), ann: person(t, "ann"), bob: person(t, "bob"), eve: person(t, "eve")}
	then := time.Now().AddDate(0, -6, 0)
	w.at(then)
	w.Write(project.FileName, soft)
	w.Write(".clawql/allowed_signers", gittest.Signers(w.ann)+
		w.bob.Email+` valid-before="`+then.AddDate(0, 1, 0).UTC().Format("20060102150405Z")+`" `+w.bob.Public+"\n")
	w.anchor = w.Commit("policy", w.ann)
	w.at(then.Add(time.Hour))
	w.Commit("in time, it says", w.bob)
	w.want(w.options(), "out of time")
	audit := w.options()
	audit.Audit = true
	w.want(audit, "")
	w.at(then.AddDate(0, 2, 0))
	w.Commit("too late, it says", w.bob)
	w.want(audit, "out of time")
}

func TestRevokedKey(t *testing.T) {
	w := newWorld(t)
	w.Commit("before", w.bob)
	w.Write(".clawql/revoked_keys", "# lost on 1 May\n"+w.bob.Public+"\n")
	revoked := w.Commit("bob's key is lost", w.ann)
	w.Commit("after", w.bob)
	w.want(w.options(), "revoked")
	back := Options{Revisions: []string{revoked}, Ref: "feature", Audit: true}
	w.want(back, "") // looking back, what was accepted stays ...
	back.Anchor = revoked
	w.want(back, "revoked") // ... and today's policy finds what to look at
	w.anchor = revoked      // what the anchor has stays; what is new is refused
	w.want(w.options(), "revoked")
	w.Git("checkout", "-q", "-b", "old", "HEAD~3")
	w.Commit("beside it", w.bob)
	w.want(w.options(), "revoked")
	w.Write(".clawql/revoked_keys", "# nobody\n")
	w.Commit("takes itself out", w.bob)
	w.want(w.options(), "revoked; revoked")
}

func TestRepositoryLies(t *testing.T) {
	t.Run("replace ref", func(t *testing.T) {
		w := newWorld(t)
		good := w.Commit("good", w.ann)
		w.Git("reset", "-q", "--hard", "HEAD~1")
		bad := w.Commit("bad", w.eve)
		w.Git("replace", bad, good)
		w.want(w.options(), "not listed")
	})
	t.Run("graft", func(t *testing.T) {
		w := newWorld(t)
		w.Commit("bad", w.eve)
		tip := w.Commit("good", w.ann)
		w.Write(".git/info/grafts", tip+" "+w.anchor+"\n")
		w.want(w.options(), "not listed")
	})
	t.Run("shallow file", func(t *testing.T) {
		w := newWorld(t)
		w.Commit("bad", w.eve)
		tip := w.Commit("good", w.ann)
		w.Write(".git/shallow", tip+"\n")
		w.want(w.options(), "not listed")
	})
	t.Run("commit graph", func(t *testing.T) {
		w := newWorld(t)
		w.Commit("bad", w.eve)
		w.Commit("good", w.ann)
		w.Git("commit-graph", "write", "--reachable")
		w.want(w.options(), "not listed")
	})
}

func TestShallowCloneCannotTell(t *testing.T) {
	w := newWorld(t)
	w.Commit("bad", w.eve)
	w.Commit("good", w.ann)
	clone := w.Clone("--depth", "1")
	_, err := Verify(t.Context(), gitchange.In(clone.Dir), Options{Revisions: []string{"HEAD"}, Anchor: "HEAD"})
	if fault.Code(err) != fault.CodeUnable {
		t.Errorf("half a history was verified: %v", err)
	}
	deep := w.Clone("--depth", "3") // the anchor is its edge
	report, err := Verify(t.Context(), gitchange.In(deep.Dir), Options{Revisions: []string{w.anchor + "..HEAD"}, Anchor: w.anchor, Ref: "x"})
	if err != nil || reasons(report) != "not listed" {
		t.Errorf("%+v, %v", report, err)
	}
}

// An object whose content was changed on disk behind its name.
func TestObjectIsNotWhatItsNameSays(t *testing.T) {
	w := newWorld(t)
	list := w.Git("rev-parse", "HEAD:.clawql/allowed_signers")
	w.list(w.ann, w.bob, w.eve)
	forged := w.Git("hash-object", "-w", ".clawql/allowed_signers")
	w.Git("checkout", "-q", "--", ".clawql/allowed_signers")
	w.Commit("bad", w.eve)
	w.Git("config", "core.looseCompression", "0")
	w.replaceObject(list, forged)
	_, err := Verify(t.Context(), gitchange.In(w.Dir), w.options())
	if fault.Code(err) != fault.CodeUnable {
		t.Errorf("a forged list was believed: %v", err)
	}
}

func TestMalformedCommits(t *testing.T) {
	w := newWorld(t)
	id := w.Commit("good", w.ann)
	raw := w.Raw(id)
	for name, mangled := range map[string]string{
		"second committer":     strings.Replace(raw, "\ngpgsig", "\ncommitter Ann <ann@example.org> 1 +0000\ngpgsig", 1),
		"second author":        strings.Replace(raw, "\ncommitter", "\nauthor Eve <eve@example.org> 1 +0000\ncommitter", 1),
		"parent at the end":    strings.Replace(raw, "\ngpgsig", "\nparent "+w.anchor+"\ngpgsig", 1),
		"header before author": strings.Replace(raw, "\nauthor", "\nx y\nauthor", 1),
		"zero byte":            strings.Replace(raw, "\ngpgsig", "\nx \x00\ngpgsig", 1),
	} {
		bad := w.Store(mangled)
		if mangled == raw {
			t.Fatalf("%s: the case changes nothing", name)
		}
		o := w.options()
		o.Revisions = []string{bad, "^" + w.anchor}
		if got := reasons(w.verify(o)); got != "malformed" {
			t.Errorf("%s: %q", name, got)
		}
	}
	huge := w.Store(raw + strings.Repeat("x", maxObject))
	o := w.options()
	o.Revisions = []string{huge, "^" + w.anchor}
	w.want(o, "malformed")
}

func TestEncodingAndMergetag(t *testing.T) {
	w := newWorld(t)
	w.Git("config", "i18n.commitEncoding", "ISO-8859-1")
	w.Commit("encoded", w.ann)
	w.Git("config", "--unset", "i18n.commitEncoding")
	w.Git("checkout", "-q", "-b", "side")
	w.Write("a", "1")
	w.Commit("side", w.bob)
	w.tag("v1", w.bob)
	w.Git("checkout", "-q", "main")
	w.Merge("v1", w.ann)
	if !strings.Contains(w.Raw("HEAD"), "\nmergetag object ") || !strings.Contains(w.Raw("HEAD~1"), "\nencoding ISO-8859-1") {
		t.Fatal("git wrote neither mergetag nor encoding")
	}
	w.want(w.options(), "")
}

func TestSHA256Repository(t *testing.T) {
	w := newWorld(t, "--object-format=sha256")
	w.Commit("good", w.ann)
	w.want(w.options(), "")
	w.list(w.eve)
	w.Commit("bad", w.eve)
	w.want(w.options(), "not listed")
}
