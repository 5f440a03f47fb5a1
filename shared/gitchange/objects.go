package gitchange

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Objects reads contents through one `git cat-file --batch`. It may be used
// by several goroutines; each answer is whole before the next is asked.
type Objects struct {
	lock  sync.Mutex
	child *exec.Cmd
	ask   io.WriteCloser
	tell  *bufio.Reader
	diag  bytes.Buffer
	held  *semaphore.Weighted // bytes that Hold has given out
	asked []string            // by Ahead, and not answered yet
	early map[string]answered // what Ahead asked for
}

// Objects starts the reader; Close ends it.
func (r *Repo) Objects(ctx context.Context) (*Objects, error) {
	o := &Objects{held: semaphore.NewWeighted(heldAtOnce)}
	o.child = r.command(ctx, &o.diag, "cat-file", "--batch")
	var err1, err2 error
	var out io.ReadCloser
	o.ask, err1 = o.child.StdinPipe()
	out, err2 = o.child.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fault.Unable("git cat-file: %w", err)
	}
	o.tell = bufio.NewReaderSize(out, 64<<10)
	if err := o.child.Start(); err != nil {
		return nil, fault.Unable("git cat-file: %w", err).Hint("install git 2.30 or later")
	}
	return o, nil
}

// Close ends the child. What it complained of is an error.
func (o *Objects) Close() error {
	o.ask.Close()
	err := o.child.Wait()
	if err != nil || o.diag.Len() > 0 {
		return complaint("cat-file", err, o.diag.String())
	}
	return nil
}

// Get reads an object by id, or by a name such as `HEAD:.gitleaks.toml`. An
// object that is not there is an error of ErrMissing.
func (o *Objects) Get(name string) (content []byte, kind string, err error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.catchUp()
	if one, ok := o.early[name]; ok {
		return one.content, one.kind, one.err
	}
	kind, size, err := o.header(name)
	if err != nil {
		return nil, "", err
	}
	return o.body(name, kind, size)
}

// body reads the content that follows a header.
func (o *Objects) body(name, kind string, size int64) (content []byte, _ string, err error) {
	if size > Largest {
		_, err = io.CopyN(io.Discard, o.tell, size+1)
		return nil, "", o.broken(name, errors.Join(err, fault.Unable("it has %d bytes; at most %d are read", size, Largest)))
	}
	content = make([]byte, size+1)
	if _, err := io.ReadFull(o.tell, content); err != nil {
		return nil, "", o.broken(name, err)
	}
	return content[:size], kind, nil
}

// header asks for an object; the caller, who has the lock, reads size+1 bytes.
func (o *Objects) header(name string) (kind string, size int64, err error) {
	if strings.ContainsAny(name, "\n\x00") {
		return "", 0, fault.Unable("git cat-file: %q is no name of an object", name)
	}
	o.catchUp()
	if _, err := io.WriteString(o.ask, name+"\n"); err != nil {
		return "", 0, fault.Unable("git cat-file: %w", err)
	}
	return o.answer(name)
}

// answer reads the header of what was asked for.
func (o *Objects) answer(name string) (kind string, size int64, err error) {
	head, err := o.tell.ReadString('\n')
	if err != nil {
		return "", 0, fault.Unable("git cat-file: no answer for %s: %w", name, err)
	}
	head = strings.TrimSuffix(head, "\n")
	if head == name+" missing" {
		return "", 0, fault.Unable("git cat-file: %s: %w", name, ErrMissing)
	}
	words := strings.Fields(head)
	if len(words) != 3 {
		return "", 0, fault.Unable("git cat-file: %s: answer %q", name, head)
	}
	size, err = strconv.ParseInt(words[2], 10, 64)
	if err != nil || size < 0 {
		return "", 0, fault.Unable("git cat-file: %s: size %q", name, words[2])
	}
	return words[1], size, nil
}

// ErrMissing says that an object is not in the repository.
var ErrMissing = errors.New("not in the repository")

// Blob reads a blob; anything else in its place is an error.
func (o *Objects) Blob(name string) ([]byte, error) {
	content, kind, err := o.Get(name)
	if err == nil && kind != "blob" {
		err = fault.Unable("%s is a %s, not a file", name, kind)
	}
	return content, err
}
