package scripts

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){"code": code, "json": checkJSON}
}

// code runs a program and wants exactly one exit code of it.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var ended *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("%s ended with exit code %d, want %d", args[1], got, want)
	}
}

// checkJSON wants one JSON document, and a value at a path of it.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 && len(args) != 3 {
		ts.Fatalf("usage: json FILE [PATH WANT]")
	}
	var document any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &document); err != nil {
		ts.Fatalf("%s is not one JSON document: %v", args[0], err)
	}
	if len(args) == 1 {
		return
	}
	got, err := at(document, args[1])
	ts.Check(err)
	if (fmt.Sprint(got) == args[2]) == neg {
		ts.Fatalf("%s: %s is %v, against %v", args[0], args[1], got, args[2])
	}
}

// at follows a path such as items.0.name.
func at(document any, path string) (any, error) {
	for _, step := range strings.Split(path, ".") {
		switch inside := document.(type) {
		case map[string]any:
			value, ok := inside[step]
			if !ok {
				return nil, fmt.Errorf("no field %q of path %s", step, path)
			}
			document = value
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index < 0 || index >= len(inside) {
				return nil, fmt.Errorf("no element %q of path %s", step, path)
			}
			document = inside[index]
		default:
			return nil, fmt.Errorf("nothing below %q of path %s", step, path)
		}
	}
	return document, nil
}

// condition is [have:NAME].
func condition(name string) (bool, error) {
	name, ok := strings.CutPrefix(name, "have:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q; there is have:NAME", name)
	}
	if have(name) {
		return true, nil
	}
	if slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), name) {
		return false, fmt.Errorf("CLAWQL_REQUIRE names %s, and it cannot be used here", name)
	}
	return false, nil
}

// have knows "root" by the user id, "cluster" by the sandbox program that
// CLAWQL_SANDBOX names, and everything else as a program on PATH.
func have(name string) bool {
	program := name
	switch name {
	case "root":
		return os.Getuid() == 0
	case "cluster":
		program = os.Getenv("CLAWQL_SANDBOX")
	}
	_, err := exec.LookPath(program)
	return err == nil
}
