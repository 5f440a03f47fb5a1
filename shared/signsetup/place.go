package signsetup

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Place is where a setup writes: a repository, or with Global the person's own
// configuration.
type Place struct {
	Global bool
	Top    string // of the work tree; "" outside of one
	Config string // git's configuration file
	List   string // the allowed signers, full path
	InGit  string // the list as gpg.ssh.allowedSignersFile names it
	Attest string // the folder of attestations
	Revoke string // the revoked keys, full path
	Home   string
	Email  string // of the committer
}

// findPlace looks at where we are. Without a repository only Global serves.
func findPlace(ctx context.Context, dir string, global bool) (Place, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Place{}, fault.Unable("find the home folder: %w", err)
	}
	p := Place{Global: global, Home: home}
	if top, err := git(ctx, dir, "rev-parse", "--show-toplevel"); err == nil {
		p.Top = top
	}
	if global {
		p.globally()
	} else if err := p.locally(ctx, dir); err != nil {
		return p, err
	}
	email, _, err := setting(ctx, dir, "", "user.email")
	if err != nil {
		return p, err
	}
	if p.Email = email.Value; p.Email == "" || strings.ContainsAny(p.Email, " \t\"\n,*?!#") {
		return p, fault.Usage("user.email is %q: a signer is listed by the e-mail of the committer", p.Email).
			Hint("git config --global user.email you@example.org")
	}
	return p, nil
}

func (p *Place) locally(ctx context.Context, dir string) error {
	if p.Top == "" {
		return fault.Usage("%s is in no repository with a work tree", orHere(dir)).Hint("git init, or --global for all repositories of yours")
	}
	common, err := git(ctx, p.Top, "rev-parse", "--git-common-dir")
	if err != nil {
		return fault.Unable("find the repository's configuration: %w", err)
	}
	if !filepath.IsAbs(common) {
		common = filepath.Join(p.Top, common)
	}
	settings := project.Defaults()
	if content, err := os.ReadFile(filepath.Join(p.Top, project.FileName)); err == nil {
		if settings, err = project.Parse(content); err != nil {
			return err
		}
	}
	p.Config = filepath.Join(common, "config")
	p.InGit = settings.Change.AllowedSigners
	p.List = filepath.Join(p.Top, filepath.FromSlash(p.InGit))
	p.Revoke = filepath.Join(p.Top, filepath.FromSlash(revokedPath(settings)))
	p.Attest = filepath.Join(p.Top, ".clawql", "attestations")
	return nil
}

func revokedPath(p *project.Project) string {
	if p.Signing == nil {
		return project.DefaultRevokedKeys
	}
	return p.Signing.RevokedKeys
}

// globally follows git config --global: ~/.gitconfig where it is there, or
// where git's own folder has no config.
func (p *Place) globally() {
	folder := filepath.Join(p.Home, ".config")
	if xdg := os.Getenv("XDG_CONFIG_HOME"); xdg != "" {
		folder = xdg
	}
	p.Config = filepath.Join(p.Home, ".gitconfig")
	if other := filepath.Join(folder, "git", "config"); !exists(p.Config) && exists(other) {
		p.Config = other
	}
	if named := os.Getenv("GIT_CONFIG_GLOBAL"); named != "" {
		p.Config = named
	}
	p.List = filepath.Join(folder, "git", "allowed_signers")
	p.InGit = p.List
	p.Revoke = filepath.Join(folder, "git", "revoked_keys")
	p.Attest = filepath.Join(folder, "clawql", "attestations")
}

// show shortens a path for a person.
func (p Place) show(path string) string {
	for _, one := range [][2]string{{p.Top, ""}, {p.Home, "~/"}} {
		prefix, short := one[0], one[1]
		if rest, ok := strings.CutPrefix(path, prefix+string(filepath.Separator)); ok && prefix != "" {
			return short + rest
		}
	}
	return path
}

func orHere(dir string) string {
	if dir == "" {
		return "this folder"
	}
	return dir
}

// container says in what kind of container we are, "" for none: there no
// security key can be plugged in, only an agent be forwarded.
func container() string {
	switch {
	case os.Getenv("CODESPACES") != "":
		return "a codespace"
	case os.Getenv("REMOTE_CONTAINERS") != "" || os.Getenv("DEVCONTAINER") != "":
		return "a dev container"
	case exists("/.dockerenv") || exists("/run/.containerenv"):
		return "a container"
	}
	return ""
}

// tokenReachable says that a container was given a token: a device, or a
// middleware that knows one.
func tokenReachable() bool {
	devices, _ := filepath.Glob("/dev/hidraw*") // the pattern is a good one
	return len(devices) > 0 || os.Getenv("SSH_SK_PROVIDER") != ""
}
