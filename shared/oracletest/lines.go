// Package oracletest holds the comparers of drift against programs that are
// not ours: it starts them, asks them, and ends them with the test.
package oracletest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Cases is how many cases a test draws: few, or all of them where CLAWQL_REQUIRE
// names the oracle.
func Cases(few, all int) int {
	if required("oracle") {
		return all
	}
	return few
}

func required(word string) bool {
	return slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), word)
}

// Path is the program that a variable names. Without one the test is skipped,
// and fails where CLAWQL_REQUIRE has the word; target is what builds the program.
func Path(t *testing.T, variable, word, target string) string {
	t.Helper()
	program := os.Getenv(variable)
	switch {
	case program == "" && required(word):
		t.Fatalf("CLAWQL_REQUIRE has %q, but %s names no program", word, variable)
	case program == "":
		t.Skipf("%s names no program: make %s builds it", variable, target)
	}
	return program
}

// Lines is a program that answers each line of JSON with one.
type Lines struct {
	in  io.Writer
	out *bufio.Reader
}

// Start starts a program that ends with the test.
func Start(t *testing.T, program string, args ...string) *Lines {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Stderr = t.Output()
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	return &Lines{in, bufio.NewReaderSize(out, 1<<20)}
}

// Ask sends a question and reads the answer. The test fails if there is none.
func (l *Lines) Ask(t *testing.T, question, answer any) {
	t.Helper()
	line, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	text, err := l.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, answer)
	}
	if err != nil {
		t.Fatalf("the oracle said %q: %v", text, err)
	}
}
