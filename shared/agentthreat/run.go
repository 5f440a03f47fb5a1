package agentthreat

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Find looks for atr, and then for pga, on PATH; nil when there is neither. One
// that lies in the current folder does not count: a repository could bring it.
func Find() *Tool {
	for _, name := range []string{"atr", "pga"} {
		if found, err := exec.LookPath(name); err == nil && filepath.IsAbs(found) {
			return &Tool{name, found}
		}
	}
	return nil
}

// noNetwork is loaded before any line of the tool's.
//
//go:embed no-network.cjs
var noNetwork []byte

const (
	prefix     = "clawql-agents-"
	longestOut = 64 << 20 // bytes of an answer
)

// run runs the tool without network, with an environment of its own.
func (t *Tool) run(ctx context.Context, dir string, args ...string) (out []byte, diag string, code int, err error) {
	preload := filepath.Join(dir, "no-network.cjs")
	if strings.ContainsAny(preload, "\"\\\n") {
		return nil, "", 0, fault.Unable("look for agent threats: the temporary folder %q has a quote in its name", dir)
	}
	if err := write(preload, noNetwork); err != nil {
		return nil, "", 0, err
	}
	runtime.LockOSThread() // the child dies with this thread, see isolate
	defer runtime.UnlockOSThread()
	for _, isolated := range []bool{true, false} {
		var stdout, stderr bounded
		c := exec.CommandContext(ctx, t.Path, args...)
		c.Dir, c.Env, c.Stdout, c.Stderr = dir, environment(dir, preload), &stdout, &stderr
		c.WaitDelay = 2 * time.Second
		if !isolate(c, isolated) && isolated {
			continue
		}
		err = c.Start()
		if err != nil && isolated {
			continue // the system makes no namespace for this user
		}
		if err == nil {
			err = c.Wait()
		}
		return stdout.Bytes(), stderr.String(), c.ProcessState.ExitCode(), t.failure(ctx, err, stdout.over || stderr.over)
	}
	return nil, "", 0, t.odd("%v", err)
}

// failure leaves out exit codes: they are an answer.
func (t *Tool) failure(ctx context.Context, err error, over bool) error {
	var ended *exec.ExitError
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return t.odd("it gave no answer in %v", patience)
	case ctx.Err() != nil:
		return ctx.Err()
	case over:
		return t.odd("its answer is larger than %d MiB", longestOut>>20)
	case err == nil || errors.As(err, &ended) && ended.ExitCode() >= 0:
		return nil
	}
	return t.odd("%v", err)
}

// environment is made anew. Proxies that nobody serves stop programs that are
// not Node's.
func environment(dir, preload string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_CACHE_HOME=" + dir,
		"LANG=C.UTF-8", "NO_COLOR=1", "CI=1", "DO_NOT_TRACK=1", "NODE_NO_WARNINGS=1", "NO_UPDATE_NOTIFIER=1",
		fmt.Sprintf("NODE_OPTIONS=--require \"%s\"", preload),
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		env = append(env, name+"=http://127.0.0.1:9", strings.ToLower(name)+"=http://127.0.0.1:9")
	}
	return env
}

// bounded keeps the first bytes of an output.
type bounded struct {
	bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > longestOut {
		b.over = true
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

// sweep removes folders that a killed run left an hour ago or earlier.
func sweep(root string, now time.Time) {
	old, _ := filepath.Glob(filepath.Join(root, prefix+"*"))
	for _, dir := range old {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && now.Sub(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(dir) // another user's stays
		}
	}
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// pga runs Panguard's own command on all files, as skills. It says by its exit
// code whether there are threats: 0, 2; anything else could not tell.
func (t *Tool) pga(ctx context.Context, dir string, files []File) ([]Threat, error) {
	root := filepath.Join(dir, "skills")
	for i, f := range files {
		name := "SKILL.md"
		if f.Kind == Config {
			name = "mcp.json"
		}
		if err := write(filepath.Join(root, fmt.Sprintf("%05d", i), name), f.Content); err != nil {
			return nil, err
		}
	}
	out, diag, code, err := t.run(ctx, dir, "scan", root, "--json", "--no-report")
	switch {
	case err != nil:
		return nil, err
	case !json.Valid(out):
		return nil, t.odd("it ended with exit code %d and no answer that can be read: %s", code, firstLine(diag))
	case code == 0:
		return nil, nil
	case code != 2:
		return nil, t.odd("it ended with exit code %d: %s", code, firstLine(diag))
	}
	var all []Threat
	for _, f := range files {
		all = append(all, Threat{f.Path, "panguard", "pga finds a threat in this file or in those beside it", "high"})
	}
	return all, nil
}
