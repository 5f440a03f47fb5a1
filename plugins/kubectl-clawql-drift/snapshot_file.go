package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// snapshotSpace is the namespace of signatures, so that one made for a commit
// does not count for a snapshot, nor the other way round.
const snapshotSpace = "clawql-drift-snapshot"

// maxPacked bounds the file, in bytes.
const maxPacked = 256 << 20

// trust says which snapshots count.
type trust struct {
	unsigned bool   // one without a signature does
	signers  string // path of the list of signers, "" for the usual places
}

// writeSnapshot writes the file and its signature (nil is none). Each appears
// whole or not at all; a signature of an older file does not stay beside a
// newer one.
func writeSnapshot(path string, packed, signature []byte) error {
	if err := os.Remove(path + ".sig"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Unable("write the snapshot: %w", err)
	}
	if err := replace(path, packed); err != nil {
		return fault.Unable("write the snapshot: %w", err)
	}
	if signature == nil {
		return nil
	}
	if err := replace(path+".sig", signature); err != nil {
		return fault.Unable("write the snapshot's signature: %w", err)
	}
	return nil
}

// replace writes a file of mode 0600 beside the old one, and puts it in its
// place.
func replace(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".drift-snapshot-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// readSnapshot reads a snapshot that counts, and says when and by whom it was
// taken. A signature that is there is checked, whatever the trust.
func readSnapshot(ctx context.Context, path string, t trust, now time.Time) (side driftcheck.Side, note string, err error) {
	packed, err := readBounded(path)
	if err != nil {
		return side, "", err
	}
	by := "not signed"
	switch signature, err := os.ReadFile(path + ".sig"); {
	case err == nil:
		signer, err := verifySnapshot(ctx, path, packed, signature, t, now)
		if err != nil {
			return side, "", err
		}
		by = "signed by " + signer.Principals
	case !errors.Is(err, fs.ErrNotExist):
		return side, "", fault.Unable("read the signature of snapshot %s: %w", path, err)
	case !t.unsigned:
		return side, "", fault.Unable("snapshot %s is not signed: there is no %s.sig", path, filepath.Base(path)).
			Hint("take it with a signature; --unsigned believes whoever could write the file")
	}
	all, side, err := driftcheck.Unpack(path, packed)
	if err != nil {
		return side, "", err
	}
	return side, fmt.Sprintf("%s shows %s as of %s, %s; %s", path, all.Side, all.Time.UTC().Format("2006-01-02 15:04 UTC"), ago(now.Sub(all.Time)), by), nil
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.Usage("read snapshot: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxPacked {
		return nil, fault.Usage("read snapshot %s: it is no file of at most %d MiB", path, maxPacked>>20)
	}
	packed, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Unable("read snapshot: %w", err)
	}
	return packed, nil
}

func verifySnapshot(ctx context.Context, path string, packed, signature []byte, t trust, now time.Time) (sshsign.Signer, error) {
	list, err := signersOf(ctx, t)
	if err != nil {
		return sshsign.Signer{}, err
	}
	signer, err := list.Detached(packed, signature, snapshotSpace, now)
	if err != nil {
		return signer, fault.Unable("snapshot %s: its signature does not count: %w", path, err).
			Hint("who may sign stands in the allowed signers; take the snapshot anew if it was altered")
	}
	return signer, nil
}

// signersOf reads the list of allowed signers: that of the flag, of
// clawql.yaml, of git.
func signersOf(ctx context.Context, t trust) (*sshsign.AllowedSigners, error) {
	name := t.signers
	if name == "" {
		p, dir, err := nearestAt()
		if err != nil {
			return nil, err
		}
		if p != nil {
			name = filepath.Join(dir, p.Change.AllowedSigners)
		}
		if _, missing := os.Stat(name); name == "" || missing != nil {
			name = gitConfig(ctx, "gpg.ssh.allowedSignersFile")
		}
	}
	if name == "" {
		return nil, fault.Usage("nobody is an allowed signer: there is no list of them").Hint("--allowed-signers FILE, or change.allowedSigners of clawql.yaml")
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fault.Usage("read the allowed signers: %w", err)
	}
	list, err := sshsign.ParseAllowedSigners(name, content)
	if err != nil {
		return nil, err
	}
	if revoked := gitConfig(ctx, "gpg.ssh.revocationFile"); revoked != "" {
		content, err := os.ReadFile(revoked)
		if err != nil {
			return nil, fault.Usage("read the revoked keys: %w", err)
		}
		if err := list.Revoke(revoked, content); err != nil {
			return nil, err
		}
	}
	return list, nil
}
