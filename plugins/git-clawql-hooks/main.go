// Command git-clawql-hooks is `git clawql-hooks`: today one command, scan,
// which finds secrets in what the next commit would add, in commits and in
// files. It installs no hook and checks no signature.
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
