package cmdline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
)

func run(app *cli.App, args ...string) (code int, stdout, stderr string) {
	var out, errOut bytes.Buffer
	code = Run(app, append([]string{app.Name}, args...), console.Streams{Out: &out, Err: &errOut})
	return code, out.String(), errOut.String()
}

func TestHelpGoesToStdoutAndEndsWithTheExitCodes(t *testing.T) {
	for _, line := range []string{"--help", "-h", "help", "production --help", "status -h", "help status", "status --watch -h", "key --help"} {
		code, out, errOut := run(deployApp(), strings.Fields(line)...)
		if code != 0 || errOut != "" {
			t.Errorf("%s: exit %d, %s", line, code, errOut)
		}
		if !strings.HasSuffix(out, "exit codes:\n"+fault.ExitCodes()) {
			t.Errorf("%s does not end with the exit codes:\n%s", line, out)
		}
	}
}

func TestHelpNamesTheCommandAndItsFlags(t *testing.T) {
	_, out, _ := run(deployApp(), "status", "--help")
	for _, want := range []string{
		"usage:\n  kubectl clawql deploy status ENVIRONMENT [flags]\n", "  -w, --watch", "  -o, --output VALUE", "      --context VALUE", "      --color WHEN",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Count(out, "--output") != 1 {
		t.Errorf("--output of the root is shown beside that of the command:\n%s", out)
	}
}

func TestVersion(t *testing.T) {
	code, out, _ := run(deployApp(), "--version")
	if code != 0 || out != "kubectl clawql deploy 1.2.3\n" {
		t.Errorf("exit %d: %q", code, out)
	}
}

func TestActionSeesFlagsBehindArguments(t *testing.T) {
	app := deployApp()
	app.Action = func(c *cli.Context) error {
		fmt.Fprint(Streams(c).Out, c.Bool("dry-run"), c.StringSlice("image"), c.Args().Slice(), Streams(c).Color)
		return nil
	}
	code, out, errOut := run(app, "production", "--dry-run", "--image", "a", "--color=never")
	if code != 0 || out != "true [a] [production]never" {
		t.Errorf("exit %d: %q %s", code, out, errOut)
	}
}

func TestErrorIsRenderedOnceWithItsCode(t *testing.T) {
	cases := []struct {
		err  error
		code int
	}{
		{fault.No("rolled back").Hint("see history"), 1},
		{fault.Usage("no such environment"), 2},
		{fault.Unable("no answer"), 3},
		{errors.New("of no kind"), 3},
		{cli.Exit("must not leave from within", 77), 3},
	}
	for _, c := range cases {
		app := deployApp()
		app.Action = func(*cli.Context) error { return c.err }
		code, out, errOut := run(app, "production")
		if code != c.code || out != "" || strings.Count(errOut, c.err.Error()) != 1 {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", c.err, code, out, errOut)
		}
	}
}

func TestFailureIsAnObjectToo(t *testing.T) {
	app := deployApp()
	app.Action = func(*cli.Context) error { return fault.No("gate <smoke> failed").Hint("run it again") }
	for _, line := range []string{"production -o json", "-ojson production", "production --output=json --nonsense", "production --output json a b"} {
		code, out, errOut := run(app, strings.Fields(line)...)
		var got output.Failure
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%s: %v in %q", line, err, out)
		}
		if got.Kind != "Failure" || got.Error.Code != code || len(got.Error.Hints) == 0 || !strings.Contains(errOut, got.Error.Message) {
			t.Errorf("%s: exit %d, %s%s", line, code, out, errOut)
		}
	}
}

func TestReportedFailureHasNoSecondObject(t *testing.T) {
	app := deployApp()
	app.Action = func(*cli.Context) error { return output.Reported(fault.No("rolled back")) }
	code, out, errOut := run(app, "production", "-o", "json")
	if code != 1 || out != "" || !strings.Contains(errOut, "rolled back") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, out, errOut)
	}
}

func TestOutputFlagListsWhatIsAllowed(t *testing.T) {
	app := &cli.App{Name: "x", Action: nop, Flags: []cli.Flag{OutputFlag(output.Table, output.JSON)}}
	code, _, errOut := run(app, "-o", "xml")
	if code != 2 || !strings.Contains(errOut, `output format "xml" is not known; allowed: table, json`) {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestBadColorIsUsage(t *testing.T) {
	if code, _, errOut := run(deployApp(), "--color=pink"); code != 2 || !strings.Contains(errOut, "auto, always, never") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestInterruptCancelsAndEndsWith130(t *testing.T) {
	for _, one := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(one) {
			t.Logf("%v: ignored by whoever started the tests, and so it stays", one)
			continue
		}
		app := deployApp()
		app.Action = func(c *cli.Context) error {
			if err := syscall.Kill(os.Getpid(), one); err != nil {
				return err
			}
			select {
			case <-c.Context.Done():
				return fault.Unable("waiting for the canary: %w", c.Context.Err())
			case <-time.After(20 * time.Second):
				return errors.New("the context was not cancelled")
			}
		}
		code, _, errOut := run(app, "production")
		if code != fault.CodeInterrupted || !strings.Contains(errOut, context.Canceled.Error()) {
			t.Errorf("%v: exit %d, %s", one, code, errOut)
		}
	}
}

func TestPlainCancellationSaysWhichSignal(t *testing.T) {
	app := deployApp()
	app.Action = func(c *cli.Context) error {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			return err
		}
		<-c.Context.Done()
		return c.Context.Err()
	}
	code, _, errOut := run(app, "production")
	if code != 130 || !strings.Contains(errOut, "error: interrupted (terminated)\n") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestWorkDoneDespiteAnInterruptIsAYes(t *testing.T) {
	app := deployApp()
	app.Action = func(c *cli.Context) error {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			return err
		}
		<-c.Context.Done()
		return nil
	}
	if code, _, errOut := run(app, "production"); code != 0 {
		t.Errorf("exit %d: %s", code, errOut)
	}
}
