package gitchange

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Largest is the size in bytes above which Hold reads no content.
const Largest = 512 << 20

// heldAtOnce is how many bytes of contents Hold gives out at a time, so that
// memory does not grow with the number of processors. A larger content is held
// alone.
const heldAtOnce = 48 << 20

// Hold reads a blob by id. Its content is the caller's until release is called;
// who holds one must not ask for another before. A blob above Largest comes
// without content (nil).
func (o *Objects) Hold(ctx context.Context, id string) (content []byte, size int64, release func(), err error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	kind, size, err := o.header(id)
	if err != nil {
		return nil, 0, nil, err
	}
	if size > Largest {
		_, err = io.CopyN(io.Discard, o.tell, size+1)
		return nil, size, func() {}, o.broken(id, err)
	}
	weight := min(size, heldAtOnce)
	if err := o.held.Acquire(ctx, weight); err != nil {
		_, _ = io.CopyN(io.Discard, o.tell, size+1) // so that the next answer is the next one's
		return nil, 0, nil, err
	}
	content = make([]byte, size+1)
	if _, err = io.ReadFull(o.tell, content); err == nil && kind != "blob" {
		err = fault.Unable("%s is a %s, not a file", id, kind)
	}
	if err != nil {
		o.held.Release(weight)
		return nil, 0, nil, o.broken(id, err)
	}
	return content[:size], size, func() { o.held.Release(weight) }, nil
}

func (o *Objects) broken(name string, err error) error {
	if err == nil {
		return nil
	}
	return fault.Unable("git cat-file: %s: %w", name, err)
}

// LFS is the folder in which Git LFS keeps the contents that it has:
// lfs.storage, which is relative to the git folder.
func (r *Repo) LFS(ctx context.Context) (string, error) {
	out, err := r.run(ctx, nil, "config", "--get", "--default", "lfs", "--type=path", "lfs.storage")
	if err != nil {
		return "", err
	}
	storage := strings.TrimSuffix(string(out), "\n")
	out, err = r.run(ctx, nil, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return "", err
	}
	common := strings.TrimSuffix(string(out), "\n")
	if !filepath.IsAbs(storage) {
		storage = filepath.Join(common, storage)
	}
	return filepath.Join(storage, "objects"), nil
}
