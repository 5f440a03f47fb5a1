package gitchange

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// AutomaticMerge does the merge of two commits anew, as git does it when
// nobody is asked, and returns the id of its tree; "" when it has conflicts.
// It happens in an empty repository beside this one's objects: no
// configuration, attribute, driver or hook takes part, and nothing is written
// here. It needs git 2.38.
func (r *Repo) AutomaticMerge(ctx context.Context, ours, theirs string) (tree string, err error) {
	for _, id := range []string{ours, theirs} {
		if len(id) != 40 && len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" {
			return "", fault.Unable("merge anew: %q is no full id", id)
		}
	}
	store, err := r.objectStores(ctx)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "clawql-merge-")
	if err != nil {
		return "", fault.Unable("merge anew: %w", err)
	}
	defer os.RemoveAll(dir)
	format := map[int]string{40: "sha1", 64: "sha256"}[len(ours)]
	if _, err := apart(ctx, dir, "", "init", "-q", "--bare", "--template=", "--object-format="+format, dir); err != nil {
		return "", err
	}
	out, err := apart(ctx, dir, store, "--git-dir="+dir, "merge-tree", "--write-tree", "--no-messages", ours, theirs)
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() == 1 {
		return "", nil
	}
	tree, _, _ = strings.Cut(out, "\n")
	if err == nil && (len(tree) != len(ours) || strings.Trim(tree, "0123456789abcdef") != "") {
		err = fault.Unable("merge anew: git merge-tree answers %.80q", out)
	}
	return tree, err
}

// objectStores is where this repository's objects are, a quarantine included.
func (r *Repo) objectStores(ctx context.Context) (string, error) {
	out, err := r.run(ctx, nil, "rev-parse", "--git-path", "objects")
	if err != nil {
		return "", err
	}
	path := strings.TrimSuffix(string(out), "\n")
	if !filepath.IsAbs(path) {
		if path, err = filepath.Abs(filepath.Join(r.dir, path)); err != nil {
			return "", fault.Unable("merge anew: %w", err)
		}
	}
	if strings.ContainsAny(path, "\":") {
		return "", fault.Unable("merge anew: the path of the repository's objects %q holds a colon or a quote", path)
	}
	if more := os.Getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"); more != "" {
		path += string(os.PathListSeparator) + more
	}
	return path, nil
}

// apart runs git without any configuration and any variable of the caller's.
func apart(ctx context.Context, dir, store string, args ...string) (string, error) {
	var diag bytes.Buffer
	c := exec.CommandContext(ctx, "git", args...)
	c.Dir, c.Stderr = dir, &diag
	for _, one := range os.Environ() {
		if !strings.HasPrefix(one, "GIT_") && !strings.HasPrefix(one, "LANG") {
			c.Env = append(c.Env, one)
		}
	}
	c.Env = append(c.Env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_ATTR_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C")
	if store != "" {
		c.Env = append(c.Env, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+store)
	}
	out, err := c.Output()
	if err != nil {
		return string(out), complaint("merge-tree", err, diag.String())
	}
	return string(out), nil
}
