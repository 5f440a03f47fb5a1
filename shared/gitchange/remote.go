package gitchange

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Advertised asks the repository at url what its references are: names and
// ids, "HEAD" among them where it has one. It is the one question here that
// may use the network, with the user's own credentials and, as git does it, the
// user's terminal. A url that git would rewrite to another place is refused, because
// then the answer might be of another repository than the one pushed to.
func (r *Repo) Advertised(ctx context.Context, url string) ([]Ref, error) {
	real, err := r.remote(ctx, "--get-url", url)
	if err != nil {
		return nil, err
	}
	if strings.TrimSuffix(string(real), "\n") != url {
		return nil, fault.Unable("ask the remote: git would rewrite its address to another (url.*.insteadOf)")
	}
	out, err := r.remote(ctx, "--quiet", url)
	if err != nil {
		return nil, err
	}
	var all []Ref
	for line := range strings.Lines(string(out)) {
		id, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || len(strings.Trim(id, "0123456789abcdef")) > 0 || len(id) < 40 {
			return nil, fault.Unable("git ls-remote: line %.80q is no ref", line)
		}
		all = append(all, Ref{ID: id, Name: name})
	}
	return all, nil
}

func (r *Repo) remote(ctx context.Context, flag, url string) ([]byte, error) {
	var diag bytes.Buffer
	c := exec.CommandContext(ctx, "git", "ls-remote", flag, "--", url)
	c.Dir, c.Stderr = r.dir, &diag
	c.Env = append(os.Environ(), "LC_ALL=C")
	c.WaitDelay = time.Second // its ssh may outlive it, and hold its output
	out, err := c.Output()
	if err != nil {
		return nil, complaint("ls-remote", err, diag.String())
	}
	return out, nil
}
