package commitguard

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// keySize is that of the user's key, in bytes.
const keySize = 32

// userKey reads the key for receipts, and makes it at the first time:
// $XDG_STATE_HOME/clawql/receipts.key, by default below ~/.local/state. A key
// that others can read or write, or that is not this user's, does not count.
func userKey(getenv func(string) string) ([]byte, error) {
	state := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home := getenv("HOME")
		if !filepath.IsAbs(home) {
			return nil, fault.Unable("find the user's state folder: neither XDG_STATE_HOME nor HOME is an absolute path")
		}
		state = filepath.Join(home, ".local", "state")
	}
	name := filepath.Join(state, "clawql", "receipts.key")
	key, err := readKey(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(name); err != nil {
			return nil, err
		}
		return readKey(name)
	}
	return key, err
}

// readKey follows no link, and reads only what nobody else may read.
func readKey(name string) ([]byte, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) != os.Getuid() || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || info.Size() != keySize {
		return nil, fault.Unable("read %s: it must be a file of %d bytes that only this user can read", name, keySize)
	}
	key := make([]byte, keySize)
	if n, err := file.Read(key); err != nil || n != keySize {
		return nil, fault.Unable("read %s: it has %d bytes", name, n)
	}
	return key, nil
}

// makeKey puts a whole key there at once; of two that try, one wins.
func makeKey(name string) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".receipts-") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // it never fails, see its documentation
	_, err1 := file.Write(key)
	if err := errors.Join(err1, file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
