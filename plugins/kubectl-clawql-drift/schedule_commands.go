package main

import "github.com/urfave/cli/v2"

// scheduleCommands are those of the monthly comparison.
func scheduleCommands() []*cli.Command {
	return []*cli.Command{runCommand(), historyCommand(), scheduleCommand(), fixCommand()}
}
