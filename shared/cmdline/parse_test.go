package cmdline

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/fault"
)

func nop(*cli.Context) error { return nil }

// deployApp has the shape of kubectl-clawql-deploy: an action of its own, and
// commands beside it.
func deployApp() *cli.App {
	return &cli.App{
		Name: "kubectl-clawql-deploy", HelpName: "kubectl clawql deploy", Version: "1.2.3",
		Usage: "deploy an environment", ArgsUsage: "[ENVIRONMENT]", Action: nop,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}},
			&cli.StringFlag{Name: "context"},
			&cli.StringSliceFlag{Name: "image"},
		},
		Commands: []*cli.Command{
			{Name: "status", ArgsUsage: "ENVIRONMENT", Action: nop, Flags: []cli.Flag{
				&cli.BoolFlag{Name: "watch", Aliases: []string{"w"}},
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}},
			}},
			{Name: "abort", ArgsUsage: "ENVIRONMENT", Action: nop, Flags: []cli.Flag{
				&cli.StringFlag{Name: "reason", Required: true},
			}},
			{Name: "run", ArgsUsage: "COMMAND...", Action: nop, SkipFlagParsing: true},
			{Name: "key", Subcommands: []*cli.Command{{Name: "add", Action: nop, ArgsUsage: "[FILE...]"}}},
		},
	}
}

func TestArgumentsPutFlagsFirst(t *testing.T) {
	cases := []struct{ line, want string }{
		{"production", "-- production"},
		{"production --dry-run", "--dry-run=true -- production"},
		{"--dry-run=false production", "--dry-run=false -- production"},
		{"production -o json --context=prod", "--output=json --context=prod -- production"},
		{"production -ojson", "--output=json -- production"},
		{"production -o=json", "--output=json -- production"},
		{"production -nqo json", "--dry-run=true --quiet=true --output=json -- production"},
		{"production --image a --image b=c", "--image=a --image=b=c -- production"},
		{"production --context=", "--context= -- production"},
		{"production --context -x", "--context=-x -- production"},
		{"production --context -", "--context=- -- production"},
		{"-- --dry-run", "-- --dry-run"},
		{"-- status", "-- status"},
		{"status production --watch", "status --watch=true -- production"},
		{"status production --context prod", "--context=prod status -- production"},
		{"-o json status production", "status --output=json -- production"},
		{"abort production --reason --", "abort --reason=-- -- production"},
		{"key add a b", "key add -- a b"},
		{"run kubectl get -o json -- x", "run kubectl get -o json -- x"},
		{"production status", "-- production status"},
		{"help run", "run --help"},
		{"- production", "-- - production"},
	}
	for _, c := range cases {
		line, err := parse(rootOf(deployApp()), strings.Fields(c.line))
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		if got := strings.Join(line.arguments("x")[1:], " "); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestBadLinesAreUsage(t *testing.T) {
	cases := []struct{ line, want, hint string }{
		{"production --dry-rnu", "unknown flag --dry-rnu", "did you mean --dry-run?"},
		{"production -dry-run", "unknown flag -dry-run", "did you mean --dry-run?"},
		{"production -z", "unknown flag -z", "`kubectl clawql deploy --help` shows commands and flags"},
		{"production --o json", "unknown flag --o", ""},
		{"production --context", "flag --context needs a value", ""},
		{"production --context --dry-run", "flag --context needs a value, and --dry-run is a flag", "if that is the value, write --context=--dry-run"},
		{"production staging", `argument "staging" is one too many; kubectl clawql deploy takes one`, "write: kubectl clawql deploy [ENVIRONMENT] [flags]"},
		{"statsu production", `argument "production" is one too many; kubectl clawql deploy takes one`, "did you mean `kubectl clawql deploy status production`?"},
		{"production status", `argument "status" is one too many; kubectl clawql deploy takes one`, "a command comes first: `kubectl clawql deploy status production`"},
		{"--quiet run x", "flag --quiet stands in front of run and would not reach it", "write it behind: `kubectl clawql deploy run ... --quiet`"},
		{"status", "ENVIRONMENT is missing", "write: kubectl clawql deploy status ENVIRONMENT [flags]"},
		{"abort production", "flag --reason is required", ""},
		{"key", "a command is missing; there are: add", ""},
		{"key ad", `unknown command "ad"; there are: add`, "did you mean `kubectl clawql deploy key add`?"},
		{"status production --watch=maybe", `invalid boolean value "maybe" for`, ""},
	}
	for _, c := range cases {
		code, _, errOut := run(deployApp(), strings.Fields(c.line)...)
		if code != fault.CodeUsage || !strings.Contains(errOut, "kubectl clawql deploy: error: "+c.want) {
			t.Errorf("%s: exit %d, %s", c.line, code, errOut)
		}
		if !strings.Contains(errOut, "hint: "+c.hint) && c.hint != "" {
			t.Errorf("%s: no hint %q in %s", c.line, c.hint, errOut)
		}
	}
}

// FuzzArguments holds the resolver to what it promises for any line: what
// urfave gets says the same as the line, resolving twice changes nothing, and
// no positional word is lost, made up, or taken for a flag.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		"production\x00--dry-run", "status\x00production\x00-w\x00-o\x00json", "--\x00--dry-run\x00x",
		"abort\x00p\x00--reason\x00--\x00q", "-nqo\x00json", "--context=-x\x00p", "-\x00--image\x00a", "help\x00status", "--x",
		"run\x00-x\x00--\x00y", "-né", "--=x", "-o=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, joined string) {
		args := strings.Split(joined, "\x00")
		line, err := parse(rootOf(deployApp()), args)
		if err != nil {
			if fault.Code(err) != fault.CodeUsage {
				t.Fatalf("%q: %v is not a usage error", args, err)
			}
			return
		}
		if line.help || line.version {
			return
		}
		again, err := parse(rootOf(deployApp()), line.arguments("x")[1:])
		if err != nil {
			t.Fatalf("%q resolved to %q, which fails: %v", args, line.arguments("x"), err)
		}
		if !slices.Equal(line.words, again.words) || !slices.Equal(line.arguments("x"), again.arguments("x")) {
			t.Fatalf("%q: %q is not stable: %q", args, line.arguments("x"), again.arguments("x"))
		}
		for _, word := range line.words {
			if !slices.Contains(args, word) {
				t.Fatalf("%q: positional %q was made up", args, word)
			}
		}
		if line.validate() == nil && !line.last().verbatim {
			agree(t, line)
		}
	})
}

// agree runs urfave on the resolved line and compares what it understood.
func agree(t *testing.T, line *commandLine) {
	app := deployApp()
	var words []string
	var command string
	seen := func(c *cli.Context) error {
		words, command = c.Args().Slice(), c.Command.Name
		return nil
	}
	app.Action = seen
	var observe func(commands []*cli.Command)
	observe = func(commands []*cli.Command) {
		for _, one := range commands {
			if one.Action != nil {
				one.Action = seen
			}
			observe(one.Subcommands)
		}
	}
	observe(app.Commands)
	code, _, errOut := run(app, line.arguments("x")[1:]...)
	if strings.Contains(errOut, "invalid boolean value") || strings.Contains(errOut, "--color") {
		return
	}
	if code != 0 || command != line.last().name || !slices.Equal(words, line.words) {
		t.Fatalf("%q: urfave saw %q %q, exit %d: %s", line.arguments("x"), command, words, code, errOut)
	}
}
