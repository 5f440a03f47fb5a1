package signsetup

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// Apply does what the plan says. Its order is such that a kill at any moment
// leaves either the state before or one that the next run completes: first the
// key, then its record, then its line in the list, and git's configuration
// last, in one exchange of the file.
func (p *Plan) Apply(ctx context.Context, s console.Streams) (*Key, error) {
	key := p.Key
	if key == nil {
		var err error
		if key, err = p.newKey(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return key, err
	}
	if err := addToList(p.Place.List, p.Place.Email, key.Public, p.o.Now); err != nil {
		return key, err
	}
	for i, one := range p.set {
		if one.key == "user.signingkey" {
			p.set[i].value = signingKey(*key)
		}
	}
	if len(p.set) > 0 {
		if err := writeConfig(ctx, p.Place.Config, p.set); err != nil {
			return key, err
		}
	}
	return key, p.tidy(*key)
}

// tidy removes what the enrolment of the key left, now that it is in use, and
// drafts of a setup that was killed.
func (p *Plan) tidy(key Key) error {
	for _, draft := range []string{p.Place.Config, p.Place.List, recordPath(p.Place.Attest, key.Fingerprint())} {
		if err := os.Remove(draft + draftSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fault.Unable("remove a draft: %w", err)
		}
	}
	made, err := readPublic(p.at(enrolledKey + ".pub"))
	if !p.o.Download && (err != nil || made.Fingerprint() != key.Fingerprint()) {
		return nil
	}
	if err := os.RemoveAll(p.enrolment()); err != nil {
		return fault.Unable("remove %s: %w", p.enrolment(), err)
	}
	return nil
}

// newKey makes a key, or loads those of the token and takes the first.
func (p *Plan) newKey(ctx context.Context, s console.Streams) (*Key, error) {
	if p.o.Download {
		return p.download(ctx, s)
	}
	return p.enroll(ctx, s)
}

// enrolment is the folder in which a key is made, before it gets its name.
func (p *Plan) enrolment() string { return filepath.Join(p.Place.Home, ".ssh", ".clawql-enrolment") }

// keygen runs ssh-keygen in the enrolment's folder, with the terminal as it is:
// it asks for PIN and touch itself.
func (p *Plan) keygen(ctx context.Context, s console.Streams, args ...string) error {
	c := exec.CommandContext(ctx, "ssh-keygen", args...)
	c.Dir = p.enrolment()
	c.Stdin, c.Stdout, c.Stderr = s.In, s.Err, s.Err
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fault.Unable("ssh-keygen %s: %w", strings.Join(args[:min(2, len(args))], " "), err)
	}
	return nil
}
