package drifthistory

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
)

// Bounds of what is kept. MaxSize leaves room in the 1 MiB of a ConfigMap.
const (
	MaxSize   = 900 << 10
	keptEnded = 200
	keptFor   = 400 * 24 * time.Hour // of what ended
	maxWhat   = 240                  // bytes of an entry's sentence
)

// Encode writes the history as JSON of at most MaxSize bytes. What ended goes
// first, the oldest before others; then the least severe of what is open,
// which h.Dropped counts.
func (h *History) Encode(now time.Time) ([]byte, error) {
	slices.SortStableFunc(h.Entries, order)
	h.prune(now)
	h.Dropped = 0
	for {
		text, err := json.Marshal(h)
		if err != nil {
			return nil, fault.Unable("write the history of drift: %w", err)
		}
		if len(text) <= MaxSize || len(h.Entries) == 0 {
			return text, nil
		}
		h.shrink(len(text) - MaxSize)
	}
}

// prune drops what ended long ago, or before many others.
func (h *History) prune(now time.Time) {
	ended := 0
	h.Entries = slices.DeleteFunc(h.Entries, func(e Entry) bool {
		if e.Open() {
			return false
		}
		ended++
		return ended > keptEnded || now.Sub(*e.Ended) > keptFor
	})
}

// shrink takes entries off the end, about as many as hold tooMuch bytes.
func (h *History) shrink(tooMuch int) {
	for freed := 0; freed < tooMuch && len(h.Entries) > 0; {
		last := h.Entries[len(h.Entries)-1]
		text, _ := json.Marshal(last) // it was part of what was just written
		freed += len(text) + 1
		if last.Open() {
			h.Dropped++
		}
		h.Entries = h.Entries[:len(h.Entries)-1]
	}
}

// Decode reads a history. One that is broken, or of a version that this
// program does not know, is fault.Unable: it is never taken for an empty one.
func Decode(text []byte) (*History, error) {
	var h History
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&h); err != nil {
		return nil, fault.Unable("read the history of drift: %w", err).Hint("it may be of a newer version of this program; to begin anew, delete it")
	}
	if h.Header != output.Head(Kind) {
		return nil, fault.Unable("read the history of drift: it is %s %s; this program reads %s %s", h.APIVersion, h.Kind, output.APIVersion, Kind)
	}
	if h.Created.IsZero() {
		return nil, fault.Unable("read the history of drift: it does not say when it began")
	}
	return &h, nil
}

// shortened cuts a sentence at a whole character.
func shortened(text string) string {
	if len(text) <= maxWhat {
		return text
	}
	cut := maxWhat
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
