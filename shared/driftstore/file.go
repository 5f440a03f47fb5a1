package driftstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

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
func (f File) Save(ctx context.Context, text []byte, version string) error {
	if _, stored, err := f.Load(ctx); err != nil {
		return err
	} else if stored != version {
		return ErrChanged
	}
	next, err := os.CreateTemp(filepath.Dir(f.Path), ".drift-history-*") // 0600
	if err != nil {
		return fault.Unable("write the history of drift: %w", err)
	}
	defer os.Remove(next.Name())
	_, err = next.Write(append(text, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), f.Path)
	}
	if err != nil {
		return fault.Unable("write the history of drift: %w", err)
	}
	return nil
}
