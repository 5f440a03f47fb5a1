package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vault"
	"github.com/clawql/clawql-workbench/shared/vaultinstall"
)

const installDescription = `Builds Vault ` + vault.Pinned + ` from its Go module: every dependency must have the hash that
this program carries. That takes about five minutes and needs Go 1.26.
With --download it takes HashiCorp's own build instead, if HashiCorp's key
(C874 011F 0AB4 0511 0D02 1055 3436 5D94 72D7 468F) has signed it.

Vault's licence is the Business Source License 1.1, not that of this program.`

func installCommand() *cli.Command {
	return &cli.Command{
		Name: "install", Usage: "put Vault " + vault.Pinned + " onto this machine", Description: installDescription,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "into", Usage: "put it into `FOLDER` (default: ~/.local/bin)"},
			&cli.BoolFlag{Name: "download", Usage: "download HashiCorp's build and check its signature"},
		},
		Action: install,
	}
}

func install(c *cli.Context) error {
	folder, err := installFolder(c.String("into"))
	if err != nil {
		return err
	}
	streams := cmdline.Streams(c)
	var path string
	if c.Bool("download") {
		path, err = download(c, streams, folder)
	} else {
		path, err = build(c, streams, folder)
	}
	if err != nil {
		return err
	}
	if _, err := vault.Find(folder, os.Getuid()); err != nil {
		return err
	}
	fmt.Fprintf(streams.Out, "%s\n", path)
	if !slices.Contains(filepath.SplitList(os.Getenv("PATH")), folder) {
		fmt.Fprintf(streams.Err, "%s is not on your PATH: export PATH=%s:$PATH\n", folder, folder)
	}
	return nil
}

// installFolder is made if it is not there.
func installFolder(wanted string) (string, error) {
	if wanted == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fault.Usage("finding your home folder: %w", err).Hint("say where: --into FOLDER")
		}
		wanted = filepath.Join(home, ".local", "bin")
	}
	folder, err := filepath.Abs(wanted)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		return "", fault.Unable("making %s: %w", wanted, err)
	}
	return folder, nil
}

func build(c *cli.Context, streams console.Streams, folder string) (string, error) {
	tool, err := exec.LookPath("go")
	if err != nil || !filepath.IsAbs(tool) {
		return "", fault.Unable("building vault needs Go 1.26, and there is no go on PATH").
			Hint("clawql-vault-session install --download").Hint("or install Go: https://go.dev/dl")
	}
	live := streams.Live(streams.Err)
	defer live.Close()
	const what = "building vault " + vault.Pinned + " from its Go module, 5 minutes with empty caches"
	live.Update(what, []string{what})
	began := time.Now()
	return vaultinstall.Build{Go: tool, Into: folder, Environ: os.Environ(), Compiled: func(n int) {
		live.Update(what, []string{what, fmt.Sprintf("%d packages compiled, %s", n, time.Since(began).Round(time.Second))})
	}}.Run(c.Context)
}

func download(c *cli.Context, streams console.Streams, folder string) (string, error) {
	live := streams.Live(streams.Err)
	defer live.Close()
	release := vaultinstall.Official(vault.Pinned)
	release.Received = func(bytes, total int64) {
		live.Update("downloading vault "+vault.Pinned, []string{fmt.Sprintf("downloading vault %s: %d MB", vault.Pinned, bytes>>20)})
	}
	return release.Download(c.Context, runtime.GOOS, runtime.GOARCH, folder)
}
