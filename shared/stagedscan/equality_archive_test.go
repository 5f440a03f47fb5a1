package stagedscan

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// githubToken is made in the test, so that it stands in no file.
func githubToken() string { return "gh" + "p_" + "0a1b2c3d4e5f6g7h8i9jAkBlCmDnEoFpGqHr" }

func tarOf(name, text string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644, Typeflag: tar.TypeReg})
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func xzOf(text string) string {
	var b bytes.Buffer
	w, _ := xz.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func zst(text string) string {
	w, _ := zstd.NewWriter(nil)
	return string(w.EncodeAll([]byte(text), nil))
}

// bz2 needs the program: Go has no writer of it.
func bz2(t *testing.T, text string) string {
	t.Helper()
	c := exec.Command("bzip2")
	c.Stdin = strings.NewReader(text)
	out, err := c.Output()
	if err != nil {
		t.Logf("left out: bzip2: %v", err)
		return text
	}
	return string(out)
}

// What `gitleaks dir --max-archive-depth 3` finds in archives is found, under
// the same path and line.
func TestArchivesAsGitleaksOpensThem(t *testing.T) {
	needGitleaks(t)
	s := newSite(t)
	text := "a\nb\ntoken = " + githubToken() + "\n"
	for name, content := range map[string]string{
		"a.zip": zipOf("in/a.env", text), "a.tar": tarOf("in/a.env", text), "a.tar.gz": gz(tarOf("in/a.env", text)),
		"a.tgz": gz(tarOf("a.env", text)), "a.tar.xz": xzOf(tarOf("a.env", text)), "a.tar.zst": zst(tarOf("a.env", text)),
		"a.tar.bz2": bz2(t, tarOf("a.env", text)), "a.env.gz": gz(text), "a.env.xz": xzOf(text), "a.env.zst": zst(text),
		"a.env.bz2": bz2(t, text), "two.zip": zipOf("inner.zip", zipOf("a.env", text)), "three.zip": zipOf("b.tar.gz", gz(tarOf("c.zip", zipOf("a.env", text)))),
	} {
		s.write("x/"+name, content)
	}
	command, err := gitleaksBinary()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "report.json")
	run := exec.Command(command, "dir", "x", "--no-banner", "--exit-code", "0", "-f", "json", "-r", out, "--max-archive-depth", "3")
	run.Dir = s.dir
	if text, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var theirs []struct {
		RuleID, File, Secret string
		StartLine            int
	}
	written, _ := os.ReadFile(out)
	if err := json.Unmarshal(written, &theirs); err != nil || len(theirs) < 10 {
		t.Fatalf("gitleaks found %d: %v", len(theirs), err)
	}
	report, err := Paths(context.Background(), gitchange.In(s.run), []string{filepath.Join(s.dir, "x")})
	if err != nil {
		t.Fatal(err)
	}
	ours := map[row]bool{}
	for _, f := range report.Findings {
		ours[row{"", f.Rule, f.File, f.StartLine, f.Secret.Hash(equalityKey)}] = true
	}
	for _, f := range theirs {
		if one := (row{"", f.RuleID, f.File, f.StartLine, hashed(f.Secret)}); !ours[one] {
			t.Errorf("gitleaks alone: %s", one)
		}
	}
	if len(ours) < len(theirs) {
		t.Errorf("%d findings, gitleaks has %d", len(ours), len(theirs))
	}
}

// A report that gitleaks wrote of a history, redacted, is a baseline here; and
// so are its fingerprints in .gitleaksignore.
func TestReportsOfGitleaksAsBaseline(t *testing.T) {
	needGitleaks(t)
	s := newSite(t)
	s.stage("a.env", "x\ntoken = "+githubToken()+"\n")
	s.commit("in")
	command, err := gitleaksBinary()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "report.json")
	run := exec.Command(command, "git", ".", "--redact", "--no-banner", "--exit-code", "0", "-f", "json", "-r", out)
	run.Dir = s.dir
	if text, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	baseline, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var theirs []struct{ Fingerprint string }
	if err := json.Unmarshal(baseline, &theirs); err != nil || len(theirs) != 1 {
		t.Fatalf("%v %s", err, baseline)
	}
	want(t, s.history(""), 1)
	s.stage(baselineFile, string(baseline))
	s.git("commit", "-qm", "baseline")
	want(t, s.history(""), 0)
	s.git("rm", "-q", baselineFile)
	s.stage(ignoreFile, theirs[0].Fingerprint+"\n")
	s.git("commit", "-qm", "ignore")
	want(t, s.history(""), 0)
}
