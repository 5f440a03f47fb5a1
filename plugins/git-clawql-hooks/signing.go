package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/signsetup"
	"github.com/urfave/cli/v2"
)

const aboutSetup = `
Finds a hardware-backed SSH key, or makes one on the security key that is
plugged in, and sets git to sign every commit and tag with it. The plan is
shown first; what is done already is left alone.

A FIDO key in ssh-agent or ~/.ssh is taken before one is made; then a key that
by its name lives on a card (PIV, PKCS#11, Secure Enclave). A new key asks for
a touch and its PIN at each signature, and what the token's maker attests is
kept under .clawql/attestations. The key is listed in .clawql/allowed_signers;
commit both, signed by somebody who is listed already.
`

func signingCommand() *cli.Command {
	return &cli.Command{
		Name: "signing", Usage: "set up and check the signing of commits by a hardware-backed key",
		Subcommands: []*cli.Command{signingSetupCommand(), signingStatusCommand()},
	}
}

func signingSetupCommand() *cli.Command {
	return &cli.Command{
		Name: "setup", Usage: "find or make a hardware-backed key, and sign with it", Description: aboutSetup,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Usage: "show the plan and change nothing"},
			&cli.BoolFlag{Name: "global", Usage: "for all repositories of yours, not for this one"},
			&cli.StringFlag{Name: "key", Usage: "use the key at `PATH`"},
			&cli.BoolFlag{Name: "new", Usage: "make a key though there is one"},
			&cli.BoolFlag{Name: "resident", Usage: "keep the new key on the token too, for other machines"},
			&cli.BoolFlag{Name: "from-token", Usage: "load the keys that the token keeps (ssh-keygen -K)"},
			&cli.BoolFlag{Name: "touch-only", Usage: "the new key asks for no PIN; protected branches refuse it"},
			&cli.BoolFlag{Name: "allow-software-key", Usage: "take a key in a file; the default policy refuses it"},
		},
		Action: func(c *cli.Context) error {
			program, err := ownPath()
			if err != nil {
				return err
			}
			o := signsetup.Options{
				Key: c.String("key"), Global: c.Bool("global"), New: c.Bool("new"), Resident: c.Bool("resident"), Download: c.Bool("from-token"),
				TouchOnly: c.Bool("touch-only"), AllowSoftware: c.Bool("allow-software-key"), Program: program, Now: time.Now(),
			}
			if err := validateSetup(o, c.IsSet("key")); err != nil {
				return err
			}
			return setup(c.Context, cmdline.Streams(c), o, c.Bool("dry-run"))
		},
	}
}

// validateSetup refuses flags that contradict one another.
func validateSetup(o signsetup.Options, hasKey bool) error {
	switch {
	case hasKey && o.Key == "":
		return fault.Usage("--key is empty; name the path of a key")
	case o.Key != "" && (o.New || o.Download):
		return fault.Usage("--key, --new and --from-token are one choice; give one of them")
	case o.New && o.Download:
		return fault.Usage("--new and --from-token are one choice; give one of them")
	}
	return nil
}

// ownPath is where git finds this program, whatever PATH says then.
func ownPath() (string, error) {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", fault.Unable("find this program: %w", err)
	}
	return path, nil
}

func signingStatusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "what signing needs, what is there, and how to get the rest",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "test", Usage: "make a real signature too; the token asks for a touch"},
			cmdline.OutputFlag(output.Table, output.JSON),
		},
		Action: func(c *cli.Context) error {
			items, err := signsetup.Status(c.Context, "", c.Bool("test"), time.Now())
			if err != nil {
				return err
			}
			return showSigning(cmdline.Streams(c), cmdline.Format(c), items)
		},
	}
}
