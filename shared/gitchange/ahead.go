package gitchange

import (
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// answered is what Get gives for a name.
type answered struct {
	content []byte
	kind    string
	err     error
}

// Ahead asks for some objects at once, before git has started, so that Get of
// one of them by the same name waits for no further answer. What Get gives for
// them is the state of that moment, each time, and must not be written to.
// Names with a line break or a NUL byte are refused.
func (o *Objects) Ahead(names ...string) error {
	lines := strings.Join(names, "\n") + "\n"
	if strings.Count(lines, "\n") != len(names) || strings.Contains(lines, "\x00") || len(lines) > 4000 {
		return fault.Unable("git cat-file: %q are no names of objects", names)
	}
	o.lock.Lock()
	defer o.lock.Unlock()
	if _, err := io.WriteString(o.ask, lines); err != nil {
		return fault.Unable("git cat-file: %w", err)
	}
	o.asked = append(o.asked, names...)
	return nil
}

// catchUp reads the answers to Ahead. An error of one of them is given to who
// asks for it; where it breaks the stream, all that follows fails as well.
func (o *Objects) catchUp() {
	for len(o.asked) > 0 {
		name := o.asked[0]
		o.asked = o.asked[1:]
		if o.early == nil {
			o.early = map[string]answered{}
		}
		var one answered
		kind, size, err := o.answer(name)
		if one.err = err; err == nil {
			one.content, one.kind, one.err = o.body(name, kind, size)
		}
		o.early[name] = one
	}
}
