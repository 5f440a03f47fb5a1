// Command kubectl-clawql-deploy is `kubectl clawql deploy ENVIRONMENT`: gates,
// controls, canary, verdict and proof in one command without flags.
package main

import (
	"os"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/release"
	"github.com/urfave/cli/v2"
)

func main() { os.Exit(cmdline.Run(app(), os.Args, console.Standard())) }

func app() *cli.App {
	deploy := command{}
	return &cli.App{
		Name: "kubectl-clawql-deploy", HelpName: "kubectl clawql deploy", Version: release.Version(),
		Usage:       "deploy HEAD with all controls, gates and a canary",
		ArgsUsage:   "[ENVIRONMENT]",
		Description: about,
		Flags:       deploy.flags(deployFlags()...),
		Action:      deploy.run,
		Commands:    []*cli.Command{statusCommand(), abortCommand(), historyCommand(), initCommand(), rbacCommand()},
	}
}

const about = `
Deploys the commit that is checked out to ENVIRONMENT of clawql.yaml. All gates
must pass; all controls are applied; 5 % of new sessions go to the new version
for 30 covered minutes. It is rolled back on the first unhandled 500, on more
than 20 % more Panguard blocks, and when it does not become ready. Nothing has
to be switched on, and only a recorded exception in clawql.yaml weakens it.

An interrupt rolls back. A killed command is finished by the next run.
`
