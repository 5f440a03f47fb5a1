package main

import (
	"bufio"
	"errors"
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
		{"50 MB line", 1, minified},
		{"200k files", 5, wide},
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

// minified has one file of one line of 50 MB staged, as a bundler writes it.
func minified(dir string) error {
	if err := repository(dir, 1, 6<<10, true); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(dir, "bundle.min.js"))
	if err != nil {
		return err
	}
	random := rand.New(rand.NewSource(50))
	out := bufio.NewWriter(file)
	for written := 0; written < 50_000_000; {
		n, _ := out.WriteString(statement(random)) // Flush tells
		written += n
	}
	if err := errors.Join(out.Flush(), file.Close()); err != nil {
		return err
	}
	return git(dir, "add", ".")
}

// statement is a piece of minified code: short names, keys with values, links
// and escapes, a word of base64 now and then.
func statement(random *rand.Rand) string {
	n := random.Intn(100000)
	switch n % 10 {
	case 0:
		return fmt.Sprintf("e.key=\"k%d\",", n)
	case 1:
		return fmt.Sprintf("function t%d(e,t){return e.auth?n(t,%d):r}", n, n)
	case 2:
		return fmt.Sprintf("u=\"https://example.com/a%%20b/%d\";", n)
	case 3:
		return fmt.Sprintf("s=\"caf\\u00e9 %d\";", n)
	case 4:
		return fmt.Sprintf("{token:a.b(%d),accessible:!0,description:\"Item %d of the list\"},", n, n)
	case 5:
		return fmt.Sprintf("o.exports=JSON.parse('{\"id\":%d}');", n)
	}
	return fmt.Sprintf("var i%d=r(%d),a=i.useState(null)[0];", n, n*7)
}

// wide has an index of 200,000 files in 2000 folders, of which one has a line
// more.
func wide(dir string) error {
	if err := repository(dir, 1, 6<<10, true); err != nil {
		return err
	}
	id, err := exec.Command("git", "-C", dir, "rev-parse", ":file000.go").Output()
	if err != nil {
		return err
	}
	var list strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&list, "100644 %s\tsrc/package%04d/file%03d.go\n", strings.TrimSpace(string(id)), i/100, i%100)
	}
	add := exec.Command("git", "-C", dir, "update-index", "--index-info")
	add.Stdin = strings.NewReader(list.String())
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("git update-index: %w: %s", err, out)
	}
	if err := git(dir, "commit", "-q", "-m", "many"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "file000.go"), []byte("package main\n"), 0o644); err != nil {
		return err
	}
	return git(dir, "add", "file000.go")
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
