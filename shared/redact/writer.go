package redact

import (
	"bytes"
	"io"
)

// held is how many bytes Flush lets go of.
const held = 3

// Writer takes values out of what is written to it. It is not safe for use by
// several goroutines at once.
type Writer struct {
	patterns *Patterns
	to       io.Writer
	waiting  []byte // not judged yet
	shown    int    // of waiting: written by Flush already
	covered  int    // of waiting: part of a value
	marked   bool   // the mark of the value that covers stands already
	out      bytes.Buffer
}

// Write judges all that it can and writes it on. It takes all of text, or
// returns the error of the stream behind it.
func (w *Writer) Write(text []byte) (int, error) {
	w.waiting = append(w.waiting, text...)
	w.judge(false)
	return len(text), w.pass()
}

// Flush is for a stream that has come to a pause: what waits because it may be
// the beginning of a value is shown where it is short.
func (w *Writer) Flush() error {
	if w.covered == 0 && len(w.waiting) <= held {
		w.out.Write(w.waiting[w.shown:])
		w.shown = len(w.waiting)
	}
	return w.pass()
}

// Close writes what waits. The stream behind it stays open.
func (w *Writer) Close() error {
	w.judge(true)
	return w.pass()
}

func (w *Writer) pass() error {
	if w.out.Len() == 0 {
		return nil
	}
	_, err := w.to.Write(w.out.Bytes())
	w.out.Reset()
	return err
}

// judge goes through what waits, byte by byte, up to where it ends within what
// may be a value.
func (w *Writer) judge(last bool) {
	at := 0
	for ; at < len(w.waiting); at++ {
		size, pending := w.patterns.match(w.waiting[at:])
		if pending && !last {
			break
		}
		w.covered = max(w.covered, at+size)
		w.emit(at)
	}
	w.waiting = append(w.waiting[:0], w.waiting[at:]...)
	w.covered, w.shown = max(0, w.covered-at), max(0, w.shown-at)
}

// emit writes the byte at a place, or the mark for the first of a value.
func (w *Writer) emit(at int) {
	switch {
	case at >= w.covered:
		w.marked = false
		if at >= w.shown {
			w.out.WriteByte(w.waiting[at])
		}
	case !w.marked:
		w.out.WriteString(Mark)
		w.marked = true
	}
}
