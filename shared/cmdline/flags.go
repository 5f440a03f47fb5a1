package cmdline

import (
	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
)

// OutputFlag is `-o, --output FORMAT` with the formats a command has, the
// default first. A format that is not among them is a fault.Usage.
func OutputFlag(formats ...output.Format) cli.Flag {
	return &cli.StringFlag{
		Name: "output", Aliases: []string{"o"},
		Usage: "write the result as `FORMAT`: " + output.List(formats),
		Value: string(formats[0]),
		Action: func(_ *cli.Context, value string) error {
			_, err := output.ParseFormat(value, formats...)
			return err
		},
	}
}

// Format is the value of the OutputFlag, already checked.
func Format(c *cli.Context) output.Format { return output.Format(c.String("output")) }

// colorFlag is on every command.
func colorFlag() cli.Flag {
	return &cli.StringFlag{Name: "color", Usage: "`WHEN` to use colour: auto, always, never", Value: string(console.Auto)}
}

func colorOf(line *commandLine) (console.Color, error) {
	word := ""
	for _, one := range line.flags {
		if one.name == "color" {
			word = one.value
		}
	}
	color, ok := console.ParseColor(word)
	if !ok {
		return "", fault.Usage("--color %q is not known; allowed: auto, always, never", word)
	}
	return color, nil
}
