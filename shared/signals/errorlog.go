package signals

import (
	"bufio"
	"io"
	"strings"
	"time"
)

// ErrorLine is one unhandled error that a pod logged.
type ErrorLine struct {
	At   time.Time // the node's clock
	Text string    // the line, at most maxText bytes
}

const (
	maxLine = 1 << 20
	maxText = 300
)

// Errors reads a log whose lines begin with their time, as the kubelet
// writes it, and calls found for each line that begins with prefix. It ends
// with the log: nil at its end, the reader's error else.
func Errors(log io.Reader, prefix string, found func(ErrorLine)) error {
	lines := bufio.NewReaderSize(log, 64<<10)
	for {
		line, err := readLine(lines)
		stamp, text, _ := strings.Cut(line, " ")
		if strings.HasPrefix(text, prefix) {
			at, _ := time.Parse(time.RFC3339Nano, stamp) // an odd stamp leaves the zero time
			found(ErrorLine{at, text[:min(len(text), maxText)]})
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine keeps at most maxLine bytes of a line and skips the rest of it.
func readLine(lines *bufio.Reader) (string, error) {
	var kept []byte
	for {
		part, err := lines.ReadSlice('\n')
		if room := maxLine - len(kept); room > 0 {
			kept = append(kept, part[:min(len(part), room)]...)
		}
		if err != bufio.ErrBufferFull {
			return strings.TrimRight(string(kept), "\r\n"), err
		}
	}
}
