package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// gitConfig is a setting of git, "" for none; paths are expanded as git does.
func gitConfig(ctx context.Context, name string) string {
	out, err := exec.CommandContext(ctx, "git", "config", "--type=path", "--get", name).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// sign signs with the key that git signs with, as git does: a path of a key, or
// the public key itself, whose other half an agent has. What ssh-keygen says
// (touch the key, passphrase) goes to diagnostics.
func sign(ctx context.Context, diagnostics io.Writer, message []byte) ([]byte, error) {
	key := gitConfig(ctx, "user.signingkey")
	if key == "" || gitConfig(ctx, "gpg.format") != "ssh" {
		return nil, fault.Usage("sign the snapshot: git has no SSH key to sign with (user.signingkey, gpg.format ssh)").
			Hint("git clawql-hooks signing setup; or --unsigned, here and where it is read")
	}
	args := []string{"-Y", "sign", "-n", snapshotSpace}
	if literal, is := literalKey(key); is {
		dir, err := os.MkdirTemp("", "clawql-drift-*")
		if err != nil {
			return nil, fault.Unable("sign the snapshot: %w", err)
		}
		defer os.RemoveAll(dir)
		key = filepath.Join(dir, "key.pub")
		if err := os.WriteFile(key, []byte(literal+"\n"), 0o600); err != nil {
			return nil, fault.Unable("sign the snapshot: %w", err)
		}
		args = append(args, "-U")
	}
	program := gitConfig(ctx, "gpg.ssh.program")
	if program == "" {
		program, args = "ssh-keygen", append([]string{"-q"}, args...)
	}
	command := exec.CommandContext(ctx, program, append(args, "-f", key)...)
	command.Stdin, command.Stderr = bytes.NewReader(message), diagnostics
	signature, err := command.Output()
	if err != nil {
		return nil, fault.Unable("sign the snapshot: %s: %w", filepath.Base(program), err)
	}
	if !bytes.HasPrefix(signature, []byte("-----BEGIN SSH SIGNATURE-----\n")) {
		return nil, fault.Unable("sign the snapshot: %s wrote no signature", filepath.Base(program))
	}
	return signature, nil
}

// literalKey says whether git's user.signingkey is a key and not a path.
func literalKey(text string) (string, bool) {
	if key, is := strings.CutPrefix(text, "key::"); is {
		return key, true
	}
	return text, strings.HasPrefix(text, "ssh-")
}
