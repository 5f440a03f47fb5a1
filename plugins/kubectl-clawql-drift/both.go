package main

import (
	"context"
	"errors"
	"sync"

	"github.com/clawql/clawql-workbench/shared/driftcheck"
)

// reading is both sides being read, with a line of progress for each.
type reading struct {
	lock  sync.Mutex
	lines [2]string
	show  func(lines ...string)
}

func (r *reading) say(side int, text string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.lines[side] = text
	if r.lines[1] == "" || r.lines[0] == "" {
		r.show(r.lines[0] + r.lines[1])
		return
	}
	r.show(r.lines[:]...)
}

// both reads the two sides, and what is to be said of each, a snapshot's age
// say. The second one begins when the first one has something to tell, and so
// has logged in: two programs that ask a person for a password must not ask at
// once. Two folders are read one after the other: each keeps all processors
// busy, and what the second one has in common with the first is read already.
func (o options) both(ctx context.Context, reader *driftcheck.Reader, show func(lines ...string)) (sides [2]driftcheck.Side, notes [2][]string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &reading{show: show}
	var failed [2]error
	var begin sync.Once
	var work sync.WaitGroup
	read := func(i int, s side, told func()) {
		sides[i], notes[i], failed[i] = o.read(ctx, s, reader, func(text string) { r.say(i, text); told() })
		if failed[i] != nil {
			cancel()
		}
	}
	second := func() {
		begin.Do(func() { work.Go(func() { read(1, o.to, func() {}) }) })
	}
	first := second
	if o.from.folder != "" && o.to.folder != "" {
		first = func() {}
	}
	read(0, o.from, first)
	if failed[0] == nil {
		second()
	}
	work.Wait()
	return sides, notes, cause(failed)
}

// cause is the first error that is not the end of the other side's.
func cause(failed [2]error) error {
	if failed[0] != nil && (failed[1] == nil || !errors.Is(failed[0], context.Canceled)) {
		return failed[0]
	}
	return failed[1]
}
