package stagedscan

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/secretexception"
	"github.com/zricethezav/gitleaks/v8/report"
)

// except writes an exception for each finding, and commits it alone.
func (s *site) except(findings []Finding, until time.Time) {
	s.t.Helper()
	list := secretexception.New(bytes.Repeat([]byte{3}, secretexception.SaltSize))
	for _, f := range findings {
		entry := secretexception.Entry{Reason: "made for a test", Owner: "ada", Expires: project.Date(until)}
		if err := list.Add(f.Subject(), entry); err != nil {
			s.t.Fatal(err)
		}
	}
	text, err := list.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.Contains(string(text), s.token) {
		s.t.Error("the token is in the file of exceptions")
	}
	s.write(secretexception.Path, string(text))
	s.git("add", "-f", secretexception.Path)
	s.git("commit", "-qm", "except", "--", secretexception.Path)
}

func days(n int) time.Time { return time.Now().AddDate(0, 0, n) }

// An exception is for one content: the next secret on its line, the same one
// in another file, and another one in the file are found.
func TestExceptionIsForOneContent(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.except(s.staged().Findings, days(30))
	report := s.staged()
	want(t, report, 0)
	if len(report.Excepted) != 1 || report.Excepted[0].Entry.Owner != "ada" {
		t.Errorf("excepted: %v", report.Excepted)
	}
	other := newSite(t).token
	s.stage("a.env", strings.TrimSpace(s.line())+" "+other+"\n")
	want(t, s.staged(), 1)
	s.stage("a.env", s.line())
	s.stage("b.env", s.line())
	want(t, s.staged(), 1)
	s.stage("b.env", "clean\n")
	s.stage("a.env", "moved down\n\n"+s.line())
	want(t, s.staged(), 0)
}

func TestExceptionsElsewhereThanInContent(t *testing.T) {
	for name, leak := range map[string]func(s *site){
		"name":    func(s *site) { s.stage(s.token+".txt", "x\n") },
		"link":    func(s *site) { os.Symlink(s.token, filepath.Join(s.dir, "l")); s.git("add", ".") },
		"archive": func(s *site) { s.stage("a.zip", zipOf("in/a.env", s.line())) },
		"unread":  func(s *site) { s.stage("a.7z", "7z\xbc\xaf\x27\x1c\x00\x04") },
	} {
		s := newSite(t)
		leak(s)
		found := s.staged().Findings
		if len(found) == 0 {
			t.Fatalf("%s: nothing found", name)
		}
		s.except(found, days(30))
		if report := s.staged(); len(report.Findings) > 0 || len(report.Unused) > 0 {
			t.Errorf("%s: %v, unused %v", name, report.Findings, report.Unused)
		}
	}
	s := newSite(t)
	s.git("commit", "-q", "--allow-empty", "-m", s.token)
	s.except(s.commits("HEAD", s.head()...).Findings, days(30))
	want(t, s.commits("HEAD", s.git("rev-parse", "HEAD~1")), 0)
}

// What is excepted in an archive is that archive's content only.
func TestAnotherUnreadArchiveIsNotExcepted(t *testing.T) {
	s := newSite(t)
	s.stage("a.7z", "7z\xbc\xaf\x27\x1c\x00\x04")
	s.except(s.staged().Findings, days(30))
	s.stage("a.7z", "7z\xbc\xaf\x27\x1c\x00\x05")
	want(t, s.staged(), 1)
}

func TestAnEndedExceptionCountsAsNone(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.except(s.staged().Findings, days(-2))
	report := s.staged()
	want(t, report, 1)
	if report.Findings[0].Ended != days(-2).UTC().Format(time.DateOnly) {
		t.Errorf("ended %q", report.Findings[0].Ended)
	}
}

func TestAnExceptionCountsFromHEADOnly(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.except(s.staged().Findings, days(30))
	text, _ := os.ReadFile(filepath.Join(s.dir, secretexception.Path))
	s.git("reset", "-q", "HEAD~1")
	s.stage("a.env", s.line())
	want(t, s.staged(), 1) // on disk only
	s.stage(secretexception.Path, string(text))
	want(t, s.staged(), 1) // staged
	before := s.git("rev-parse", "HEAD")
	s.commit("both")
	want(t, s.commits(before, s.head()...), 1) // what is pushed together
	want(t, s.commits("HEAD", s.head()...), 0)
}

func TestUnusedExceptions(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.stage("b.env", s.line())
	s.except(s.staged().Findings, days(30))
	s.commit("in")
	s.stage("a.env", "clean\n")
	if report := s.staged(); len(report.Unused) != 1 || report.Unused[0].Path != "a.env" {
		t.Errorf("unused %v", report.Unused)
	}
	s.stage("b.env", s.line()+"more\n")
	s.commit("more")
	states, err := Exceptions(context.Background(), gitchange.In(s.run))
	if err != nil || len(states) != 2 {
		t.Fatalf("%v %v", states, err)
	}
	for _, one := range states {
		if one.Unused != (one.Path == "a.env") || one.Ended {
			t.Errorf("%s: unused %v, ended %v", one.Path, one.Unused, one.Ended)
		}
	}
	if report := s.history(""); len(report.Unused) > 0 {
		t.Errorf("history has both: %v", report.Unused)
	}
}

// A broken file of exceptions excepts nothing, and can be repaired.
func TestABrokenFileOfExceptions(t *testing.T) {
	s := newSite(t)
	s.stage(secretexception.Path, "kind: Nonsense\n")
	s.commit("broken")
	s.stage("a.env", s.line())
	report := s.staged()
	want(t, report, 1)
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "no exception counts") {
		t.Errorf("notes %v", report.Notes)
	}
	if _, err := Exceptions(context.Background(), gitchange.In(s.run)); fault.Code(err) != fault.CodeUsage {
		t.Errorf("%v", err)
	}
}

func TestIDsTellNothingAndLast(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	first := s.staged().Findings[0].ID
	other := newSite(t)
	other.stage("a.env", other.line())
	if again := s.staged().Findings[0].ID; again != first || other.staged().Findings[0].ID != first {
		t.Errorf("the id %s depends on more than the place", first)
	}
	s.stage("a.env", s.line()+s.line())
	report := s.staged()
	if len(report.Findings) != 2 || report.Findings[0].ID == report.Findings[1].ID {
		t.Errorf("%v", report.Findings)
	}
}

func TestCommittedBaseline(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	f := s.staged().Findings[0]
	line := []report.Finding{{
		RuleID: f.Rule, Description: f.Description, File: f.File, StartLine: f.StartLine, EndLine: f.EndLine,
		StartColumn: f.StartColumn, EndColumn: f.EndColumn, Entropy: f.Entropy, Secret: "REDACTED",
	}}
	text, _ := json.Marshal(line)
	s.stage(baselineFile, string(text))
	want(t, s.staged(), 1)
	s.git("commit", "-qm", "baseline", "--", baselineFile)
	found := s.staged()
	want(t, found, 0)
	if found.Known != 1 {
		t.Errorf("%d known", found.Known)
	}
	s.stage("b.env", s.line())
	want(t, s.staged(), 1)
	o := DefaultOptions()
	o.Baseline = bytes.ReplaceAll(text, []byte("a.env"), []byte("b.env"))
	got, err := o.Staged(context.Background(), gitchange.In(s.run))
	if err != nil {
		t.Fatal(err)
	}
	want(t, got, 0)
	o.Baseline = []byte("{")
	if _, err := o.Staged(context.Background(), gitchange.In(s.run)); fault.Code(err) != fault.CodeUsage {
		t.Errorf("%v", err)
	}
}

func TestIgnoredInACommit(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.commit("in")
	id := s.head()
	s.stage(".gitleaksignore", id[0]+":a.env:clawql-api-key:1\n")
	s.commit("ignore")
	want(t, s.history(""), 0)
	want(t, s.commits("HEAD~1", id...), 1)
	s.stage("b.env", s.line())
	want(t, s.staged(), 1)
}

// The file of exceptions is no finding itself, whatever its salt and hashes.
func TestTheFileOfExceptionsIsClean(t *testing.T) {
	s := newSite(t)
	for i := range 60 {
		salt := make([]byte, secretexception.SaltSize)
		_, _ = rand.Read(salt)
		list := secretexception.New(salt)
		for _, rule := range []string{"generic-api-key", "clawql-api-key", "clawql-env-secret", "hashicorp-tf-password", "jwt"} {
			f := Finding{In: InContent}
			f.Rule, f.File = rule, "config/secret_token.key"
			entry := secretexception.Entry{Reason: "a test password", Owner: "auth-key", Expires: project.Date(days(30))}
			if err := list.Add(f.Subject(), entry); err != nil {
				t.Fatal(err)
			}
		}
		text, err := list.Encode()
		if err != nil {
			t.Fatal(err)
		}
		s.write(fmt.Sprintf("x/%d/%s", i, secretexception.Path), string(text))
	}
	report, err := Paths(context.Background(), gitchange.In(s.run), []string{filepath.Join(s.dir, "x")})
	if err != nil {
		t.Fatal(err)
	}
	want(t, report, 0)
}
