package vaultread

import (
	"context"
	"slices"

	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Source is where to read, and as whom.
type Source struct {
	project.Vault
	Folder string                   // of clawql.yaml, from which caCert's path counts
	Getenv func(name string) string // where the token may be; nil knows no variable
	// Progress hears of work that goes on; nil is silence.
	Progress func(requests int)
}

// Reading is what was read.
type Reading struct {
	Policies   map[string]string // ACL policies by name; root, which has no text, is left out
	Mounts     []vaultauth.Mount // by path
	Roles      []vaultauth.Role  // by mount and name
	Identities []Identity        // by kind and name
	Incomplete []string          // what could not be read, each with its path
	Unread     []string          // the same by name, see AllPolicies
	Version    string            // of the server
	Requests   int               // that were made
	Local      bool              // it is a development server on this machine, see local
}

// parallel requests at once.
const parallel = 8

// most names of one list that are read; further ones are listed as not read.
const most = 20_000

// Read reads a Vault. A source that cannot be used (no token, a file that
// others may read, a broken certificate) is fault.Usage. One that does not
// answer, shows another certificate, is sealed, or does not know the token is
// fault.Unable.
func Read(ctx context.Context, s Source) (*Reading, error) {
	c, err := dial(s)
	if err != nil {
		return nil, err
	}
	state, err := c.state(ctx)
	if err != nil {
		return nil, err
	}
	ended, err := c.identify(ctx, s)
	if err != nil {
		return nil, err
	}
	defer ended()
	r := &reader{client: c, reading: &Reading{Policies: map[string]string{}, Version: state.Version}}
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	r.reading.Local = c.local(ctx, s.Vault, state)
	r.reading.Requests = int(c.requests.Load())
	r.sort()
	return r.reading, nil
}

func (r *reader) sort() {
	slices.SortFunc(r.reading.Mounts, func(a, b vaultauth.Mount) int { return compare(a.Path, b.Path) })
	slices.SortFunc(r.reading.Roles, func(a, b vaultauth.Role) int {
		if by := compare(a.Mount, b.Mount); by != 0 {
			return by
		}
		return compare(a.Name, b.Name)
	})
	slices.SortFunc(r.reading.Identities, compareIdentities)
	slices.Sort(r.reading.Incomplete)
	slices.Sort(r.reading.Unread)
}
