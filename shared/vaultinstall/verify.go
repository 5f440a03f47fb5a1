package vaultinstall

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// verify checks that signature is one of message by the key, which must have
// the fingerprint. An expired or revoked key, or a signature by one, is none.
func verify(key []byte, fingerprint string, message, signature []byte) error {
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(key))
	if err != nil || len(ring) != 1 {
		return fault.Unable("reading the publisher's key: there is not exactly one in it")
	}
	if got := strings.ToUpper(hex.EncodeToString(ring[0].PrimaryKey.Fingerprint)); got != fingerprint {
		return fault.Unable("the publisher's key has fingerprint %s, but must have %s", got, fingerprint)
	}
	signer, err := openpgp.CheckDetachedSignature(ring, bytes.NewReader(message), bytes.NewReader(signature), nil)
	if err != nil || signer == nil {
		return fault.No("the sums are not signed by the publisher (key %s): %v", fingerprint, err).
			Hint("nothing was installed; the download was changed on its way, or the publisher has a new key")
	}
	return nil
}

func checkSum(archive []byte, want, name string) error {
	sum := sha256.Sum256(archive)
	if got := hex.EncodeToString(sum[:]); got != want {
		return fault.No("%s has the SHA-256 %s, but its publisher signed %s", name, got, want).
			Hint("nothing was installed")
	}
	return nil
}

// longestProgram bounds what is unpacked, in bytes.
const longestProgram = 1 << 30

// unpack writes the one program of an archive to folder/vault in one step.
func unpack(archive []byte, folder string) (path string, err error) {
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return "", fault.Unable("unpacking vault: %w", err)
	}
	at := slices.IndexFunc(reader.File, func(f *zip.File) bool { return f.Name == "vault" && f.Mode().IsRegular() })
	if at < 0 {
		return "", fault.Unable("unpacking vault: the archive holds no file vault")
	}
	program, err := reader.File[at].Open()
	if err != nil {
		return "", fault.Unable("unpacking vault: %w", err)
	}
	defer program.Close()
	fresh := filepath.Join(folder, ".vault.new")
	defer os.Remove(fresh)
	if err := writeProgram(fresh, program); err != nil {
		return "", err
	}
	path = filepath.Join(folder, "vault")
	if err := os.Rename(fresh, path); err != nil {
		return "", fault.Unable("putting vault into place: %w", err)
	}
	return path, nil
}

func writeProgram(path string, from io.Reader) error {
	os.Remove(path)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return fault.Unable("writing vault: %w", err)
	}
	n, err := io.Copy(file, io.LimitReader(from, longestProgram+1))
	if err == nil && n > longestProgram {
		err = io.ErrShortWrite
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fault.Unable("writing vault: %w", err)
	}
	return nil
}
