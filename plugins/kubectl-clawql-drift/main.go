// Command kubectl-clawql-drift is `kubectl clawql drift`: which of two
// environments is the more permissive one, in what, and the proof.
package main

import (
	"io"
	"log"
	"os"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/nodump"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/release"
	"github.com/urfave/cli/v2"
	"k8s.io/klog/v2"
)

func main() { os.Exit(doorway(os.Args, console.Standard())) }

// doorway closes the process to others before it reads the first Secret, and
// gives the exit code.
func doorway(args []string, s console.Streams) int {
	silence()
	if err := nodump.Forbid(); err != nil {
		err := fault.Unable("keep this process's memory out of core files and from tracers: %w", err)
		fault.Render(s.Err, "kubectl clawql drift", err)
		return fault.Code(err)
	}
	return cmdline.Run(app(), args, s)
}

// silence sends the logs of libraries nowhere: client-go's, whose news an error
// of ours tells better, and Go's own, to which GODEBUG=http2debug=2 writes the
// bearer token and the beginning of each answer.
func silence() {
	klog.SetLogger(klog.Logger{})
	log.SetOutput(io.Discard)
}

func app() *cli.App {
	return &cli.App{
		Name: "kubectl-clawql-drift", HelpName: "kubectl clawql drift", Version: release.Version(),
		Usage:       "say where one environment lets more happen than another",
		Description: about,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Value: "staging", Usage: "the `SIDE` that should mirror the other"},
			&cli.StringFlag{Name: "to", Value: "production", Usage: "the `SIDE` to mirror"},
			&cli.StringFlag{Name: "kubeconfig", Usage: "`FILE` with the contexts; default: as kubectl finds it"},
			&cli.DurationFlag{Name: "request-timeout", Value: clusterread.Patience, Usage: "how long one request of an API server may take, `TIME` such as 30s"},
			&cli.StringSliceFlag{Name: "map-namespace", Usage: "namespace A of --from is B of --to, as `A=B`"},
			&cli.StringSliceFlag{Name: "map-label", Usage: "label A of --from is B of --to, as `A=B` of keys, or key=value=key=value"},
			&cli.StringSliceFlag{Name: "map-cidr", Usage: "network A of --from is B of --to, as `A=B`"},
			keyFlag(), unsignedFlag("read a snapshot that nobody signed"), signersFlag(),
			cmdline.OutputFlag(output.Table, output.JSON, output.YAML, output.Markdown, output.SARIF, output.JUnit, output.HTML),
		},
		Action:   run,
		Commands: append(scheduleCommands(), snapshotCommand(), rbacCommand()),
	}
}

const about = `
Compares two sides by what they let happen: connections (NetworkPolicy), API
requests (RBAC), pods that would be admitted and pods that run (Pod Security),
requests of Vault and logins there, where clawql.yaml names both sides' Vaults.
Each such finding says which side is the more permissive one and has a witness,
which a second evaluator has confirmed. All other objects are compared field by
field. A Secret is compared by a keyed hash; no value is printed.

A side is an environment of clawql.yaml, CONTEXT/NAMESPACE, dir:PATH (a folder
of YAML or JSON manifests), or file:SNAPSHOT, which ` + "`snapshot`" + ` wrote. What a
folder does not hold is not there: compare whole environments. What could not be
read or understood makes the result incomplete (exit 3), never equal. Only read
rights are needed, those that ` + "`rbac`" + ` prints.
`
