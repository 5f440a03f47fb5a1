package hookinstall

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ProbeVariable makes a hook of ours answer instead of work. The hook then
// ends with probeCode, never with 0.
const ProbeVariable = "CLAWQL_HOOKS_PROBE"

const (
	probeCode = 86
	probeTime = 10 * time.Second
)

// answer is what a hook said to a probe.
type answer struct {
	ok      bool   // ours ran, and found its program
	refused bool   // ours ran, and did not
	version string // of the program
	text    string // otherwise: the first line that was said
}

// ask runs a hook of ours with a nonce, and looks for it in the answer.
func ask(ctx context.Context, dir, event, program string, args ...string) answer {
	nonce := make([]byte, 8)
	_, _ = rand.Read(nonce) // never fails
	word := hex.EncodeToString(nonce)
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	c := exec.CommandContext(ctx, program, args...)
	c.Dir, c.Env, c.WaitDelay = dir, append(os.Environ(), ProbeVariable+"="+word), time.Second
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	err := c.Run()
	var ended *exec.ExitError
	code := -1
	if asExit(err, &ended) {
		code = ended.ExitCode()
	}
	first, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
	if rest, ok := strings.CutPrefix(first, "clawql-hooks "+event+" "+word+" git clawql-hooks "); ok && (code == probeCode || program == "git") {
		return answer{ok: true, version: rest}
	}
	if first == "" && err != nil {
		first = err.Error()
	}
	return answer{refused: strings.HasPrefix(first, "git clawql-hooks: error:"), text: first}
}
