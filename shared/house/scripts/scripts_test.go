package scripts

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

const root = "../../.." // of the repository, from this folder

var update = flag.Bool("update", false, "write the golden files of the scripts anew")

func TestScripts(t *testing.T) {
	names := folders(t, filepath.Join(root, "testdata/scripts"))
	bin := build(t, names)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:                 filepath.Join(root, "testdata/scripts", name),
				Setup:               func(env *testscript.Env) error { return setup(env, bin) },
				Cmds:                commands(),
				Condition:           condition,
				RequireExplicitExec: true,
				RequireUniqueNames:  true,
				UpdateScripts:       *update,
			})
		})
	}
}

func folders(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	if len(names) == 0 {
		t.Fatalf("no scripts in %s", dir)
	}
	return names
}

// build makes the real binaries in a folder of their own.
func build(t *testing.T, names []string) string {
	bin := t.TempDir()
	args := []string{"build", "-trimpath", "-tags", "urfave_cli_no_docs", "-ldflags",
		"-s -w -X github.com/clawql/clawql-workbench/shared/release.version=v0.0.0-test", "-o", bin + "/"}
	for _, name := range names {
		args = append(args, "./plugins/"+name)
	}
	command := exec.Command("go", args...)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return bin
}

// setup gives a script its surroundings. testscript passes nothing of the
// caller's environment on but PATH.
func setup(env *testscript.Env, bin string) error {
	home := filepath.Join(env.WorkDir, "home")
	folders := []string{bin}
	if sandbox := os.Getenv("CLAWQL_SANDBOX"); sandbox != "" {
		folders = append(folders, filepath.Dir(sandbox)) // kubectl is there too
	}
	env.Setenv("PATH", strings.Join(append(folders, env.Getenv("PATH")), string(os.PathListSeparator)))
	env.Setenv("CLAWQL_BIN", bin)
	env.Setenv("HOME", home)
	env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	return os.Mkdir(home, 0o700)
}
