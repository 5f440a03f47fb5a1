// kubectl-clawql is the front door of the workbench: `kubectl clawql deploy`,
// and `clawql deploy` when it is called by that name. It finds the tool that
// was meant and becomes it (exec), so that signals, exit codes and the
// terminal are the tool's own.
package main

import (
	"os"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
)

func main() {
	door := door{program: programName(os.Args[0]), finder: here()}
	os.Exit(cmdline.Run(door.app(), os.Args, console.Standard()))
}
