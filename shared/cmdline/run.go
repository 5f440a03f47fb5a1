// Package cmdline joins urfave/cli v2 to the conventions of the workbench:
// flags anywhere, help on stdout, one error with hints on stderr, one table of
// exit codes, and an interrupt that lets a command end cleanly.
//
// urfave/cli stops at the first positional argument, so that in
// `deploy production --dry-run` the flag would silently be an argument. The
// command line is therefore resolved here (parse.go), and urfave is handed the
// flags in front and only the command that was meant.
package cmdline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
)

// streamsKey is where Run leaves the streams in the app's metadata.
const streamsKey = "clawql.io/streams"

// Streams gives an action the streams of its run, with --color applied.
func Streams(c *cli.Context) console.Streams {
	streams, _ := c.App.Metadata[streamsKey].(console.Streams)
	return streams
}

// Run runs app with args (args[0] is the program, as in os.Args) and returns
// the exit code. An error is written once: as `error:` and `hint:` lines on
// Err, and with `-o json|yaml` also as an object on Out, unless the command
// has encoded one itself (output.Reported).
//
// The context of the actions is cancelled by the first SIGINT, SIGTERM or
// SIGHUP; see notify.
func Run(app *cli.App, args []string, s console.Streams) int {
	ctx, interrupted, stop := notify(context.Background())
	defer stop()

	err := dispatch(ctx, app, args, s)
	if err == nil {
		return fault.CodeYes
	}
	signal := interrupted()
	if signal != nil && errors.Is(err, context.Canceled) && err.Error() == context.Canceled.Error() {
		err = interruption{signal}
	}
	code := report(app, args, s, err)
	if signal != nil {
		return fault.CodeInterrupted
	}
	return code
}

// report writes err to the person and, when one listens, to the program.
func report(app *cli.App, args []string, s console.Streams, err error) int {
	if format := wantedFormat(args); format.Structured() {
		if failed := output.EncodeFailure(s.Out, format, err); failed != nil {
			fault.Render(s.Err, Program(app), failed)
		}
	}
	fault.Render(s.Err, Program(app), err)
	return fault.Code(err)
}

// Program is the name that errors and help show: HelpName, else Name.
func Program(app *cli.App) string {
	if app.HelpName != "" {
		return app.HelpName
	}
	return app.Name
}

// dispatch resolves the command line and runs what was meant.
func dispatch(ctx context.Context, app *cli.App, args []string, s console.Streams) error {
	root := rootOf(app)
	line, err := parse(root, args[min(1, len(args)):])
	if err != nil {
		return err
	}
	switch {
	case line.help:
		return writeHelp(s.Out, line.path)
	case line.version:
		_, err := fmt.Fprintf(s.Out, "%s %s\n", root.title, app.Version)
		return err
	}
	if err := line.validate(); err != nil {
		return err
	}
	if s.Color, err = colorOf(line); err != nil {
		return err
	}
	return narrow(app, line, s).RunContext(ctx, line.arguments(app.Name))
}

// narrow copies app so that it holds exactly the command that was resolved:
// urfave can then not take an argument for a command.
func narrow(app *cli.App, line *commandLine, s console.Streams) *cli.App {
	only := *app
	only.Reader, only.Writer, only.ErrWriter = s.In, s.Out, s.Err
	only.HideHelp, only.HideHelpCommand, only.HideVersion = true, true, true
	only.ExitErrHandler = func(*cli.Context, error) {}
	only.OnUsageError = usageError
	only.Flags = line.path[0].flags
	only.Metadata = map[string]any{}
	for key, value := range app.Metadata {
		only.Metadata[key] = value
	}
	only.Metadata[streamsKey] = s
	only.Commands = narrowCommands(line.path[1:])
	return &only
}

func narrowCommands(path []*node) []*cli.Command {
	if len(path) == 0 {
		return nil
	}
	only := *path[0].command
	only.HideHelp, only.HideHelpCommand = true, true
	only.OnUsageError = usageError
	only.Subcommands = narrowCommands(path[1:])
	return []*cli.Command{&only}
}

// usageError turns what package flag says about a bad value into ours.
func usageError(_ *cli.Context, err error, _ bool) error {
	text := strings.Replace(err.Error(), " for flag -", " for flag --", 1)
	return fault.Usage("%s", text)
}

// wantedFormat looks for -o in the raw command line: a command line that does
// not parse has to fail in the format that was asked for too.
func wantedFormat(args []string) output.Format {
	var format output.Format
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if (arg == "-o" || arg == "--output") && i+1 < len(args) {
			format = output.Format(args[i+1])
		}
		for _, prefix := range []string{"--output=", "-o=", "-o"} {
			if value, ok := strings.CutPrefix(arg, prefix); ok && value != "" {
				format = output.Format(value)
				break
			}
		}
	}
	return format
}

// environment is a variable so that it can be seen what is read from there.
func environment(name string) bool {
	_, set := os.LookupEnv(name)
	return set
}
