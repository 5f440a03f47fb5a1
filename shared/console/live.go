package console

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Live shows the present state of a long work on one writer.
//
// On a terminal it owns the last N lines: each Update moves the cursor up,
// erases and writes them anew, in a single write, each line cut to the width
// and the block to the height. Elsewhere it writes one line whenever the
// state line changes, and the block is not shown.
//
// The cursor always rests below the block at the start of a line, so that an
// error, a shell prompt or the ^C of an interrupt finds a clean place.
// It is safe for use by several goroutines.
type Live struct {
	streams  Streams
	w        io.Writer
	terminal bool

	mu     sync.Mutex
	state  string
	block  []string
	drawn  []int // columns of each line on the screen now
	closed bool
}

// Live starts a live region on w. On a dumb terminal it behaves as off one.
func (s Streams) Live(w io.Writer) *Live {
	return &Live{streams: s, w: w, terminal: s.IsTerminal(w) && !s.dumb()}
}

// Update shows block on a terminal, and state elsewhere when it differs from
// the state before. State must be stable: no clocks or counters in it, or it
// becomes a line a second in a CI log. After Close it does nothing.
func (l *Live) Update(state string, block []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	changed := state != l.state
	l.state, l.block = state, rowsOf(block)
	if l.terminal {
		l.redraw("")
	} else if changed && state != "" {
		fmt.Fprintln(l.w, state)
	}
}

// Print writes a line that stays: above the block on a terminal, as it comes
// elsewhere.
func (l *Live) Print(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.terminal && !l.closed {
		l.redraw(line + "\n")
		return
	}
	fmt.Fprintln(l.w, line)
}

// Close leaves the last block on the screen, whole: what the width or the
// height had hidden is shown now. It may be called twice.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	if l.terminal && len(l.block) > 0 {
		io.WriteString(l.w, l.wipe()+strings.Join(l.block, "\n")+"\n")
	}
}

// redraw replaces the block by above and the present block.
func (l *Live) redraw(above string) {
	columns, rows, _ := l.streams.size(l.w)
	var b strings.Builder
	b.WriteString(l.wipe())
	b.WriteString(above)
	l.drawn = l.drawn[:0]
	for _, line := range fit(l.block, columns, rows) {
		l.drawn = append(l.drawn, Columns(line))
		b.WriteString(line + "\n")
	}
	io.WriteString(l.w, b.String())
}

// wipe moves to the first line of the block and erases from there down. A
// terminal that was made narrower has wrapped the lines since: their rows are
// counted with the width of now.
func (l *Live) wipe() string {
	up := 0
	columns, _, _ := l.streams.size(l.w)
	for _, drawn := range l.drawn {
		up++
		if columns > 0 && drawn > columns {
			up += (drawn - 1) / columns
		}
	}
	if up == 0 {
		return "\r\x1b[J"
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", up)
}

// rowsOf gives each row of the screen an element of its own: a line break
// inside an element would make the count of rows wrong.
func rowsOf(block []string) []string {
	if len(block) == 0 {
		return nil
	}
	return strings.Split(strings.Join(block, "\n"), "\n")
}

// fit cuts a block to a screen; a size of 0 is unknown and cuts nothing. One
// row is left for the cursor. The last line says how many are not shown.
func fit(block []string, columns, rows int) []string {
	if room := rows - 1; rows > 1 && len(block) > room {
		kept := append([]string(nil), block[:room-1]...)
		block = append(kept, fmt.Sprintf("… %d more lines", len(block)-room+1))
	}
	if columns <= 0 {
		return block
	}
	lines := make([]string, len(block))
	for i, line := range block {
		lines[i] = Truncate(line, columns)
	}
	return lines
}
