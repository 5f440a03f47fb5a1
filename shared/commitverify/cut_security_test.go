package commitverify

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// The test binary stands in for git, which it runs.
const (
	realGit  = "COMMITVERIFY_TEST_GIT"
	cutVerb  = "COMMITVERIFY_TEST_VERB"
	cutAfter = "COMMITVERIFY_TEST_BYTES"
)

// beGit runs git, cuts the answers of one verb, and says nothing of it.
func beGit() int {
	c := exec.Command(os.Getenv(realGit), os.Args[1:]...)
	c.Stdin, c.Stderr, c.Stdout = os.Stdin, os.Stderr, os.Stdout
	if !slices.Contains(os.Args, os.Getenv(cutVerb)) {
		_ = c.Run() // its code is passed on
		return c.ProcessState.ExitCode()
	}
	c.Stdout = nil
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return 9
	}
	most, _ := strconv.ParseInt(os.Getenv(cutAfter), 10, 64)
	_, _ = io.CopyN(os.Stdout, out, most)
	_ = c.Process.Kill()
	return 0
}

func mustExecutable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// git answers with half of what it should, at every length, and says nothing
// about it: no verdict may come of that.
func TestStreamIsCut(t *testing.T) {
	w := newWorld(t)
	for n := range 2 * fewCommits {
		w.Commit(fmt.Sprint(n), w.ann)
	}
	folder := t.TempDir()
	if err := os.Symlink(mustExecutable(t), filepath.Join(folder, "git")); err != nil {
		t.Fatal(err)
	}
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(realGit, git)
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	for _, verb := range []string{"cat-file", "rev-list"} {
		for _, bytes := range []int{0, 1, 40, 41, 82, 100, 5000} {
			t.Setenv(cutVerb, verb)
			t.Setenv(cutAfter, fmt.Sprint(bytes))
			for _, span := range []string{"HEAD~2..HEAD", w.anchor + "..HEAD"} {
				o := w.options()
				o.Revisions = []string{span}
				report, err := Verify(t.Context(), gitchange.In(w.Dir), o)
				// What is longer than the answer cuts nothing. No commit at all is
				// an answer that only git's exit code could tell from a cut one.
				whole := verb == "cat-file" && bytes == 5000 && span == "HEAD~2..HEAD" || verb == "rev-list" && (bytes == 0 || bytes == 5000)
				if !whole && fault.Code(err) != fault.CodeUnable {
					t.Errorf("%s cut at %d, %s: %+v, %v", verb, bytes, span, report, err)
				}
			}
		}
	}
}
