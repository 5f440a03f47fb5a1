// Package repository makes the demo's git repository: a kustomize tree with a
// clawql.yaml, signed commits, and a bare origin beside it.
package repository

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Options say what the repository deploys, and where.
type Options struct {
	Dir       string // the work tree; origin and key lie beside it, as DIR.origin and DIR.key
	Source    string // kustomize tree to start from
	Context   string // kubeconfig context
	Gateway   string // NAMESPACE/NAME of the Gateway
	Image     string // REF@sha256:... of the first version
	Window    string // of the canary; shorter than 30m is excepted by the file
	Message   string // of the first image's commit
	Namespace string // of production, default clawql; staging's is fixed
	Hostname  string // of production's route; empty: every host
	Weight    int    // percent for the canary; another one than 5 is excepted by the file
}

// productionOverlay names production's namespace.
const productionOverlay = "docker/kustomize/overlays/prod/kustomization.yaml"

const (
	name  = "Demo Developer"
	email = "developer@example.com"
)

// Create makes the repository with one signed commit, pushed to its origin.
func Create(ctx context.Context, o Options) error {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return err
	}
	if err := os.CopyFS(o.Dir, os.DirFS(o.Source)); err != nil {
		return fmt.Errorf("copying %s: %w", o.Source, err)
	}
	if err := command(ctx, o.Dir, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", email, "-f", o.Dir+".key"); err != nil {
		return err
	}
	if err := o.signers(); err != nil {
		return err
	}
	if err := o.write(); err != nil {
		return err
	}
	steps := [][]string{
		{"init", "-q", "-b", "main"}, {"config", "user.name", name}, {"config", "user.email", email},
		{"config", "gpg.format", "ssh"}, {"config", "user.signingkey", o.Dir + ".key"}, {"config", "commit.gpgsign", "true"},
		{"init", "-q", "--bare", "-b", "main", o.Dir + ".origin"}, {"remote", "add", "origin", o.Dir + ".origin"},
	}
	for _, step := range steps {
		if err := git(ctx, o.Dir, step...); err != nil {
			return err
		}
	}
	return o.commit(ctx)
}

// SetImage commits another image, signed, and pushes it.
func SetImage(ctx context.Context, o Options) error {
	if err := o.write(); err != nil {
		return err
	}
	return o.commit(ctx)
}

func (o Options) commit(ctx context.Context) error {
	for _, step := range [][]string{{"add", "-A"}, {"commit", "-q", "-m", o.Message}, {"push", "-q", "-u", "origin", "main"}} {
		if err := git(ctx, o.Dir, step...); err != nil {
			return err
		}
	}
	return nil
}

func (o Options) signers() error {
	public, err := os.ReadFile(o.Dir + ".key.pub")
	if err != nil {
		return err
	}
	dir := filepath.Join(o.Dir, ".clawql")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "allowed_signers"), []byte(email+" "+string(public)), 0o644)
}

// write makes clawql.yaml.
func (o Options) write() error {
	repository, digest, ok := strings.Cut(o.Image, "@")
	if !ok {
		return fmt.Errorf("image %q has no digest", o.Image)
	}
	namespace, gateway, ok := strings.Cut(o.Gateway, "/")
	if !ok {
		return fmt.Errorf("gateway %q is not NAMESPACE/NAME", o.Gateway)
	}
	production, hostnames := "clawql", ""
	if o.Namespace != "" {
		production = o.Namespace
	}
	if o.Hostname != "" {
		hostnames = "      hostnames: [" + o.Hostname + "]\n"
	}
	if err := o.rename(production); err != nil {
		return err
	}
	text := fmt.Sprintf(file, repository, digest, o.Context, namespace, gateway, o.Context, production, namespace, gateway, hostnames, o.Window)
	if o.Weight != 0 && o.Weight != 5 {
		text = strings.Replace(text, "canary:\n", fmt.Sprintf("canary:\n  weight: %d\n", o.Weight), 1) + weightException
	}
	return os.WriteFile(filepath.Join(o.Dir, "clawql.yaml"), []byte(text), 0o644)
}

const weightException = `  - control: canary.weight
    reason: a sandbox's traffic is too small to wait for 5 % of it
    owner: developer@example.com
    expires: 2099-12-31
`

// rename moves production's overlay to another namespace.
func (o Options) rename(namespace string) error {
	path := filepath.Join(o.Dir, productionOverlay)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), "namespace: clawql\n", "namespace: "+namespace+"\n", 1)), 0o644)
}

const file = `# What "kubectl clawql deploy" deploys, and where.
apiVersion: clawql.io/v1alpha1
kind: Project
owner: platform
team: demo

images:
  - name: clawql-mcp
    newName: %s
    digest: %s

environments:
  staging:
    context: %s
    namespace: clawql-staging
    overlay: docker/kustomize/overlays/staging
    traffic:
      gateway: {namespace: %s, name: %s}
  production:
    context: %s
    namespace: %s
    overlay: docker/kustomize/overlays/prod
    traffic:
      gateway: {namespace: %s, name: %s}
%s
canary:
  window: %s
  drain: 10s
  readyWithin: 60s

exceptions:
  - control: canary.window
    reason: a sandbox on one machine, nobody waits half an hour for a demo
    owner: developer@example.com
    expires: 2099-12-31
`

func git(ctx context.Context, dir string, args ...string) error {
	return command(ctx, dir, "git", args...)
}

// command runs a program free of the caller's git settings.
func command(ctx context.Context, dir, program string, args ...string) error {
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = dir
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "GIT_") {
			c.Env = append(c.Env, entry)
		}
	}
	c.Env = append(c.Env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, output)
	}
	return nil
}
