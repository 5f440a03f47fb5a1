package vaultinstall

import (
	"bufio"
	"context"
	"embed"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// module holds go.mod, go.sum and main.go of the pinned Vault, under other
// names: Go embeds no folder that is a module. They are those of
// testdata/sandbox/vault, a test compares them.
//
//go:embed module
var module embed.FS

// Build says how to build.
type Build struct {
	Go       string   // path of the go command, 1.26 or later
	Into     string   // folder for the binary
	Environ  []string // of the go command
	Compiled func(packages int)
}

// Run builds Vault and puts it into place as Into/vault in one step. It takes
// about five minutes with empty caches, and 4 GB of disk for them.
func (b Build) Run(ctx context.Context) (path string, err error) {
	work, err := os.MkdirTemp("", "clawql-vault-build-")
	if err != nil {
		return "", fault.Unable("making a folder to build in: %w", err)
	}
	defer os.RemoveAll(work)
	if err := writeModule(work); err != nil {
		return "", err
	}
	fresh := filepath.Join(b.Into, ".vault.new")
	defer os.Remove(fresh)
	if err := b.compile(ctx, work, fresh); err != nil {
		return "", err
	}
	path = filepath.Join(b.Into, "vault")
	if err := os.Rename(fresh, path); err != nil {
		return "", fault.Unable("putting vault into place: %w", err)
	}
	return path, nil
}

func writeModule(work string) error {
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		content, err := module.ReadFile("module/" + name + ".txt")
		if err == nil {
			err = os.WriteFile(filepath.Join(work, name), content, 0o600)
		}
		if err != nil {
			return fault.Unable("writing Vault's module: %w", err)
		}
	}
	return nil
}

// compile runs go build. -mod=readonly with our go.sum: a module whose content
// is another than ours fails the build.
func (b Build) compile(ctx context.Context, work, target string) error {
	command := exec.CommandContext(ctx, b.Go, "build", "-v", "-mod=readonly", "-trimpath", "-tags", "minimal", "-ldflags", "-s -w", "-o", target, ".")
	command.Dir = work
	command.Env = append(withoutGoSettings(b.Environ), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	out, err := command.StderrPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		return fault.Unable("running %s: %w", b.Go, err)
	}
	said := b.follow(out)
	if err := command.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return buildFailed(err, said)
	}
	return nil
}

// follow counts the packages that -v names, and keeps the last other lines.
func (b Build) follow(out io.Reader) (said []string) {
	packages := 0
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		line := strings.TrimSpace(scanner.Text())
		if isPackage(line) {
			packages++
			b.Compiled(packages)
			continue
		}
		said = append(said[max(0, len(said)-4):], line)
	}
	return said
}

func isPackage(line string) bool {
	return line != "" && !strings.ContainsAny(line, " :#\t")
}

func buildFailed(err error, said []string) error {
	failed := fault.Unable("building vault: %w", err)
	for _, line := range said {
		failed = failed.Hint("go says: %s", line)
	}
	return failed
}

// withoutGoSettings drops what could make another build of it. Proxy, caches
// and checksum database stay the user's.
func withoutGoSettings(environ []string) []string {
	var kept []string
	for _, each := range environ {
		name, _, _ := strings.Cut(each, "=")
		switch name {
		case "GOFLAGS", "GOWORK", "CGO_ENABLED", "GOOS", "GOARCH", "GOEXPERIMENT", "GO111MODULE", "GOINSECURE":
		default:
			kept = append(kept, each)
		}
	}
	return kept
}
