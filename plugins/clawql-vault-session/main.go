// Command clawql-vault-session runs a Vault that lives and dies with one
// session, and a shell or command beside it.
package main

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/release"
)

func main() {
	d := &door{args: os.Args}
	app := d.app()
	if helper := filepath.Base(os.Args[0]) == "token"; helper {
		app = tokenHelper()
	}
	code := cmdline.Run(app, os.Args, console.Standard())
	os.Exit(d.exitCode(code))
}

const description = `Starts the vault (or bao) of your PATH as a private child: storage in memory,
one unix socket, no token in a file, an argument list or an environment. Then
runs COMMAND, or your shell:

  clawql-vault-session                          your shell in a session
  clawql-vault-session --ttl 1h -- make deploy  one command in a session

Everything ends when COMMAND ends, the terminal closes, the time is over, or
` + "`" + `clawql-vault-session stop` + "`" + ` is called: Vault, its secrets, and every process
that was started in the session.

The exit code is COMMAND's own, or 128 and the number of the signal that ended
it; 130 when the session was ended from outside, 3 when Vault died.`

// door is the program with what it learns while it runs.
type door struct {
	args  []string
	ended bool // a session ran and ended
	code  int  // of its command
}

func (d *door) app() *cli.App {
	return &cli.App{
		Name: "clawql-vault-session", Version: release.Version(),
		Usage: "a Vault that lives and dies with the session", Description: description,
		ArgsUsage: "[COMMAND...]", Flags: startFlags(), Action: d.start,
		Commands: []*cli.Command{
			putCommand(), getCommand(), listCommand(), deleteCommand(), d.runCommand(), importCommand(),
			statusCommand(), auditCommand(), stopCommand(), sessionsCommand(), renewCommand(), tokenCommand(), shareCommand(), installCommand(), superviseCommand(),
		},
	}
}

// exitCode passes the command's own code on; an error has the code of its kind.
func (d *door) exitCode(code int) int {
	if d.ended {
		return d.code
	}
	return code
}
