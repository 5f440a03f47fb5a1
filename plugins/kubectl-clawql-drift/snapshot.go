package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/release"
	"github.com/urfave/cli/v2"
)

func keyFlag() cli.Flag {
	return &cli.StringFlag{Name: "key", Usage: "`FILE` with the secret key by which values of Secrets are hashed in snapshots, mode 0600"}
}

func unsignedFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "unsigned", Usage: usage} }

func signersFlag() cli.Flag {
	return &cli.StringFlag{Name: "allowed-signers", Usage: "`FILE` of those whose snapshots count; default: change.allowedSigners of clawql.yaml, then git's gpg.ssh.allowedSignersFile"}
}

func snapshotCommand() *cli.Command {
	return &cli.Command{
		Name: "snapshot", Usage: "write a side to a file, so that no one needs the credentials of both", ArgsUsage: "SIDE",
		Description: aboutSnapshot,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Required: true, Usage: "the `FILE` to write; its signature goes to FILE.sig"},
			keyFlag(), unsignedFlag("write it without a signature; reading it then needs --unsigned too"),
		},
		Action: takeSnapshot,
	}
}

const aboutSnapshot = `
Reads an environment, CONTEXT/NAMESPACE or dir:PATH, and writes what is compared
to FILE (gzip, mode 0600). It is signed with the SSH key of git's
user.signingkey, in the namespace clawql-drift-snapshot; whoever compares with
file:FILE wants the signature of an allowed signer.

No value of a Secret is in it. With --key FILE there are keyed hashes of them,
which are compared with another snapshot or a live side that is read with the
same key. Without it only the names are known, and a comparison says that it is
incomplete. So it is with what looks like a credential in variables, arguments,
ConfigMaps and annotations. All else is in the file as it is: keep it as
confidential as the environment.
`

func takeSnapshot(c *cli.Context) error {
	p, err := nearest()
	if err != nil {
		return err
	}
	s, err := parseSide("SIDE", c.Args().First(), p)
	if err != nil {
		return err
	}
	if s.file != "" {
		return fault.Usage("%s is a snapshot already", s.name)
	}
	if s.patience, err = patience(c); err != nil {
		return err
	}
	reader, err := readerOf(c.String("key"), driftcheck.NewValuelessReader)
	if err != nil {
		return err
	}
	read, err := s.read(c.Context, reader, c.String("kubeconfig"), func(string) {})
	if err != nil {
		return err
	}
	now := time.Now()
	packed, err := driftcheck.Pack(read, release.Version(), now)
	if err != nil {
		return err
	}
	if err := keepSnapshot(c.Context, cmdline.Streams(c), c.String("output"), packed, c.Bool("unsigned")); err != nil {
		return err
	}
	return saySnapshot(cmdline.Streams(c), c, read, len(packed))
}

// keepSnapshot signs and writes it.
func keepSnapshot(ctx context.Context, s console.Streams, path string, packed []byte, unsigned bool) (err error) {
	var signature []byte
	if !unsigned {
		if signature, err = sign(ctx, s.Err, packed); err != nil {
			return err
		}
	}
	return writeSnapshot(path, packed, signature)
}

// saySnapshot says what is in it. One that is not whole is fault.Unable: it is
// there, and a comparison with it will be incomplete.
func saySnapshot(s console.Streams, c *cli.Context, read driftcheck.Side, size int) error {
	how := "signed: " + c.String("output") + ".sig"
	if c.Bool("unsigned") {
		how = "not signed"
	}
	text := fmt.Sprintf("%s: %s of %s, %.1f kB, %s\n", console.Clean(c.String("output")), console.Count(len(read.Objects), "object"), console.Clean(read.Name), float64(size)/1e3, console.Clean(how))
	if text += vaultSays(read); read.Values == driftcheck.NoValues {
		text += "values of Secrets are not in it, not even hashed: --key FILE\n"
	}
	for _, one := range read.Incomplete {
		text += "NOT READ  " + console.Clean(one) + "\n"
	}
	if err := write(s.Out, text); err != nil {
		return err
	}
	if n := len(read.Incomplete); n > 0 {
		return fault.Unable("%s could not be read; the snapshot says so", console.Count(n, "thing")).
			Hint("`kubectl clawql drift rbac SIDE` prints the rights that are needed")
	}
	return nil
}

// readerOf is a reader that seals with the key of a file, or else the one that
// without makes.
func readerOf(path string, without func() *driftcheck.Reader) (*driftcheck.Reader, error) {
	if path == "" {
		return without(), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.Usage("read the key for values of Secrets: %w", err).Hint("umask 077; openssl rand -base64 32 > %s", path)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fault.Usage("read the key for values of Secrets: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0:
		return nil, fault.Usage("the key for values of Secrets, %s, has mode %s; others must not read it", path, info.Mode()).Hint("chmod 600 %s", path)
	}
	const most = 4096
	secret, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil || len(secret) > most {
		return nil, fault.Usage("the key for values of Secrets, %s, cannot be read, or is longer than %d bytes", path, most)
	}
	return driftcheck.NewKeyedReader([]byte(strings.TrimSpace(string(secret))))
}
