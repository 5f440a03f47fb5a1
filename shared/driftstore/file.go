package driftstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// File is a history in a file, for runs outside a cluster such as CI.
type File struct{ Path string }

func (f File) String() string { return "file " + f.Path }

// Load implements Store; the version is a digest of the text.
func (f File) Load(context.Context) ([]byte, string, error) {
	text, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fault.Unable("read the history of drift: %w", err)
	}
	sum := sha256.Sum256(text)
	return text, hex.EncodeToString(sum[:]), nil
}

// Save implements Store. The file is replaced whole, and is for its owner only.
// Its folder is locked meanwhile, so that of two runs one is ErrChanged; the
// new text has one name, so that one that was killed leaves no more than that.
func (f File) Save(ctx context.Context, text []byte, version string) error {
	unlock, err := lockFolder(filepath.Dir(f.Path))
	if err != nil {
		return fault.Unable("write the history of drift: %w", err)
	}
	defer unlock()
	if _, stored, err := f.Load(ctx); err != nil {
		return err
	} else if stored != version {
		return ErrChanged
	}
	if err := f.replace(text); err != nil {
		return fault.Unable("write the history of drift: %w", err)
	}
	return nil
}

func (f File) replace(text []byte) error {
	name := filepath.Join(filepath.Dir(f.Path), "."+filepath.Base(f.Path)+".new")
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was killed
		return err
	}
	next, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = next.Write(append(text, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(name, f.Path)
	}
	if err != nil {
		_ = os.Remove(name)
	}
	return err
}

// lockFolder waits for the lock. The kernel takes it back from a process that
// dies.
func lockFolder(path string) (unlock func(), err error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = folder.Close()
		return nil, err
	}
	return func() { _ = folder.Close() }, nil
}
