package standin

import (
	"fmt"
	"io"
	"slices"
	"sync"
)

var levels = []string{"debug", "info", "warn", "error"}

// logger writes upstream's plain lines, "[clawql-mcp-http] text", one write a line.
type logger struct {
	mu  sync.Mutex
	out io.Writer
	min int
}

func newLogger(out io.Writer, level string) *logger {
	return &logger{out: out, min: slices.Index(levels, level)}
}

func (l *logger) logf(level, format string, args ...any) {
	if slices.Index(levels, level) < l.min {
		return
	}
	line := fmt.Sprintf("[clawql-mcp-http] "+format+"\n", args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	io.WriteString(l.out, line)
}
