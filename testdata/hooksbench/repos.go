package main

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// benchCase is a repository with something staged, free of secrets.
type benchCase struct {
	name string
	runs int
	make func(dir string) error
}

func cases() []benchCase {
	return []benchCase{
		{"one line", 30, func(dir string) error { return repository(dir, 1, 6<<10, true) }},
		{"20 files", 20, func(dir string) error { return repository(dir, 20, 6<<10, true) }},
		{"25 MB", 3, func(dir string) error { return repository(dir, 50, 500_000, false) }},
	}
}

// repository has files of about size bytes each: committed, with one line more
// staged, or all of them new.
func repository(dir string, files, size int, committed bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := git(dir, "init", "-q"); err != nil {
		return err
	}
	random := rand.New(rand.NewSource(int64(files)))
	texts := make([]string, files)
	for i := range texts {
		texts[i] = source(random, size)
	}
	if committed {
		if err := put(dir, texts); err != nil {
			return err
		}
		for i := range texts {
			texts[i] += "func added() { log.Print(\"one line\") }\n"
		}
	}
	if err := git(dir, "commit", "-q", "--allow-empty", "-m", "first"); err != nil {
		return err
	}
	return put(dir, texts)
}

func put(dir string, texts []string) error {
	for i, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file%03d.go", i)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return git(dir, "add", ".")
}

func git(dir string, args ...string) error {
	c := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("git %v: %w: %s", args, err, out)
	}
	return nil
}

// lines are of the kind that source code has: words of which some are the
// keywords of rules, long identifiers, a checksum.
var lines = []string{
	"func (s *server) handle%d(w http.ResponseWriter, r *http.Request) error {", "\tkey := s.keys[%d]", "\tif err != nil {", "\t\treturn fmt.Errorf(\"item %d: %%w\", err)",
	"\t}", "", "\ttoken, err := s.parse(r, %d)", "\t// the access of the client to the API is checked elsewhere (%d)", "\tnames = append(names, name%d)",
	"\tconfiguration.Providers[%d].AuthenticationMethodDescription = describe(method)", "\tx.Sum = \"sha256:%064d\"", "}", "\tfor i := range %d {", "\tlog.Printf(\"%d done\")",
}

func source(random *rand.Rand, size int) string {
	var b strings.Builder
	for b.Len() < size {
		line := lines[random.Intn(len(lines))]
		if strings.Contains(strings.ReplaceAll(line, "%%", ""), "%") {
			line = fmt.Sprintf(line, random.Intn(100000))
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
