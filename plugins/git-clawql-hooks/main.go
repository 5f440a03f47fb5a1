// Command git-clawql-hooks is `git clawql-hooks`: it finds secrets in what would
// enter history, verifies who signed it, and installs the hooks that ask both.
package main

import (
	"os"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/release"
	"github.com/clawql/clawql-workbench/shared/signsetup/touchwait"
	"github.com/urfave/cli/v2"
)

func main() {
	if touchwait.Wanted(os.Args) { // git runs us as its ssh-keygen (gpg.ssh.program)
		os.Exit(touchwait.Main(os.Args[1:], console.Standard()))
	}
	os.Exit(cmdline.Run(app(), os.Args, console.Standard()))
}

func app() *cli.App {
	return &cli.App{
		Name: "git-clawql-hooks", HelpName: "git clawql-hooks", Version: release.Version(),
		Usage: "find secrets before they enter history",
		Commands: []*cli.Command{
			scanCommand(),
			allowCommandOf(),
			verifyCommand(),
			signingCommand(),
			runCommand(),
			installCommand(),
			uninstallCommand(),
			statusCommand(),
		},
	}
}
