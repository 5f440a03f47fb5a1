package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/secretexception"
)

// addException writes an exception into the work tree's file, whole or not at
// all. A symbolic link does not lead it out of the work tree.
func addException(top string, subject secretexception.Subject, entry secretexception.Entry) error {
	root, err := os.OpenRoot(top)
	if err != nil {
		return unwritten(err)
	}
	defer root.Close()
	list, err := readExceptions(root)
	if err != nil {
		return err
	}
	if err := list.Add(subject, entry); err != nil {
		return err
	}
	text, err := list.Encode()
	if err != nil {
		return err
	}
	if err := root.MkdirAll(path.Dir(secretexception.Path), 0o755); err != nil {
		return unwritten(err)
	}
	next := secretexception.Path + ".new"
	if err := root.WriteFile(next, text, 0o644); err != nil {
		return unwritten(err)
	}
	if err := root.Rename(next, secretexception.Path); err != nil {
		_ = root.Remove(next) // the error at hand says more
		return unwritten(err)
	}
	return nil
}

// readExceptions reads the work tree's file; where there is none it begins a
// list with a salt of its own.
func readExceptions(root *os.Root) (*secretexception.List, error) {
	text, err := root.ReadFile(secretexception.Path)
	if errors.Is(err, fs.ErrNotExist) {
		salt := make([]byte, secretexception.SaltSize)
		_, _ = rand.Read(salt) // it never fails, see its documentation
		return secretexception.New(salt), nil
	}
	if err != nil {
		return nil, fault.Unable("read %s: %w", secretexception.Path, errors.Unwrap(err))
	}
	return secretexception.Parse(text)
}

func unwritten(err error) error {
	return fault.Unable("write %s: %w", secretexception.Path, errors.Unwrap(err))
}
