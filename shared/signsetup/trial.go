package signsetup

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// trialText is what a trial signs; trialNamespace keeps its signature from
// ever being taken for one of a commit.
const (
	trialText      = "a trial of git clawql-hooks signing status --test\n"
	trialNamespace = "clawql-trial"
)

// signOnce makes a signature as git would, and checks it.
func signOnce(ctx context.Context, place Place, key Key) error {
	dir, err := os.MkdirTemp("", "clawql-trial-")
	if err != nil {
		return fault.Unable("try a signature: %w", err)
	}
	defer os.RemoveAll(dir)
	name := key.Path
	if name == "" {
		name = filepath.Join(dir, "key.pub")
		if err := os.WriteFile(name, []byte(key.Line()+"\n"), 0o600); err != nil {
			return fault.Unable("try a signature: %w", err)
		}
	}
	message := filepath.Join(dir, "message")
	if err := os.WriteFile(message, []byte(trialText), 0o600); err != nil {
		return fault.Unable("try a signature: %w", err)
	}
	c := exec.CommandContext(ctx, "ssh-keygen", "-Y", "sign", "-n", trialNamespace, "-f", name, message)
	var diag bytes.Buffer
	c.Stderr = &diag
	if err := c.Run(); err != nil {
		text, _, _ := strings.Cut(strings.TrimSpace(diag.String()), "\n")
		return fault.Unable("ssh-keygen: %s: %w", text, err)
	}
	armored, err := os.ReadFile(message + ".sig")
	if err != nil {
		return fault.Unable("try a signature: %w", err)
	}
	if err := sshsign.VerifyDetached([]byte(trialText), armored, trialNamespace, key.Public); err != nil {
		return fmt.Errorf("the signature does not count: %w", err)
	}
	return nil
}
