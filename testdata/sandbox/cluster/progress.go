package cluster

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress prints one aligned line a step, with the seconds since the start, when it is done.
type Progress struct {
	Out   io.Writer
	Start time.Time

	mu sync.Mutex
}

// Done says that a step is finished; detail may be empty.
func (p *Progress) Done(step, format string, detail ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.Out, "  %5.1f s  %-18s %s\n", time.Since(p.Start).Seconds(), step, fmt.Sprintf(format, detail...))
}
