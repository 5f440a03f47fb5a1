package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/pjbgf/sha1cd"
)

// maxObject bounds what is read into memory for one object, in bytes.
const maxObject = 64 << 20

// objects is a long-running `git cat-file --batch`. It starts with the first
// question, and ends on the first surprise: then the next question starts anew.
type objects struct {
	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	say *bytes.Buffer // what git complains of; read only after stop
}

// MissingError names an object that is not in this clone.
type MissingError struct{ ID string }

func (e *MissingError) Error() string { return "object " + short(e.ID) + " is not in this clone" }

// object reads one object of the wanted kind by its full id, and checks that
// its content hashes to that id: git itself does not when it reads.
func (r *Repo) object(ctx context.Context, kind, id string) ([]byte, error) {
	if !r.validID(id) {
		return nil, fault.Unable("read object %q: not a full object id of this repository", id)
	}
	r.objects.mu.Lock()
	defer r.objects.mu.Unlock()
	got, data, err := r.ask(ctx, id)
	if err != nil {
		return nil, r.explainMissing(ctx, err)
	}
	if got != kind {
		return nil, fault.Unable("read object %s: it is a %s, not a %s", short(id), got, kind)
	}
	if sum := objectID(kind, data, len(id)); sum != id {
		return nil, fault.Unable("read object %s: its content does not belong to its name (it hashes to %s)", short(id), short(sum)).
			Hint("the object store was damaged or changed by hand: git fsck, then clone anew")
	}
	return data, nil
}

// ask puts the question to the running process. The caller holds the lock.
func (r *Repo) ask(ctx context.Context, id string) (kind string, data []byte, err error) {
	if err := ctx.Err(); err != nil {
		return "", nil, fault.Unable("read object %s: %w", short(id), err)
	}
	if err := r.start(); err != nil {
		return "", nil, err
	}
	cmd := r.objects.cmd
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
	kind, data, err = r.objects.exchange(id)
	var missing *MissingError
	if err != nil && !errors.As(err, &missing) {
		r.objects.stop()
		return "", nil, r.died(ctx, id, err)
	}
	return kind, data, err
}

// died explains why the process ended. A partial clone wants to fetch what it
// lacks, which it may not here: the object is missing.
func (r *Repo) died(ctx context.Context, id string, err error) error {
	said := r.objects.say.String()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case strings.Contains(said, "promisor") || strings.Contains(said, "not allowed"):
		return &MissingError{id}
	case said != "":
		err = errors.New(firstLine(said))
	}
	return fault.Unable("read object %s: %w", short(id), err)
}

func (o *objects) exchange(id string) (string, []byte, error) {
	if _, err := io.WriteString(o.in, id+"\n"); err != nil {
		return "", nil, err
	}
	line, err := o.out.ReadString('\n')
	if err != nil {
		return "", nil, err
	}
	words := strings.Fields(line)
	if len(words) == 2 && words[1] == "missing" {
		return "", nil, &MissingError{id}
	}
	if len(words) != 3 || words[0] != id {
		return "", nil, fmt.Errorf("git cat-file answered %q", strings.TrimSpace(line))
	}
	size, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil || size < 0 || size > maxObject {
		return "", nil, fmt.Errorf("its size of %s bytes is over the limit of %d", words[2], maxObject)
	}
	data := make([]byte, size+1) // the content and a line feed
	if _, err := io.ReadFull(o.out, data); err != nil {
		return "", nil, err
	}
	return words[1], data[:size], nil
}

func (r *Repo) start() error {
	if r.objects.cmd != nil {
		return nil
	}
	cmd, err := command(context.Background(), r.local("cat-file", "--batch"))
	if err != nil {
		return err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return fault.Unable("start git cat-file: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fault.Unable("start git cat-file: %w", err)
	}
	say := &bytes.Buffer{}
	cmd.Stderr = say
	if err := cmd.Start(); err != nil {
		return fault.Unable("start git cat-file: %w", err)
	}
	r.objects.cmd, r.objects.in, r.objects.out, r.objects.say = cmd, in, bufio.NewReaderSize(out, 64<<10), say
	return nil
}

// stop ends the process. The caller holds the lock.
func (o *objects) stop() {
	if o.cmd == nil {
		return
	}
	_ = o.in.Close()
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
	o.cmd, o.in, o.out = nil, nil, nil
}

// explainMissing adds the way out to the error of an object that is not here.
func (r *Repo) explainMissing(ctx context.Context, err error) error {
	var missing *MissingError
	if !errors.As(err, &missing) {
		return err
	}
	e := fault.Unable("read history: %w", missing)
	if shallow, _ := r.Shallow(ctx); shallow {
		return e.Hint("this clone is shallow: git fetch --unshallow")
	}
	return e.Hint("git fetch; a partial clone lacks objects: clone without --filter")
}

func (r *Repo) validID(id string) bool {
	return len(id) == r.hexSize && strings.Trim(id, "0123456789abcdef") == ""
}

// objectID is the name that git gives to data. SHA-1 is computed with the
// detection of collision attacks that git itself uses; a colliding input gets
// a sum of its own, and so a name that nobody asked for.
func objectID(kind string, data []byte, hexSize int) string {
	var h hash.Hash
	if hexSize == 64 {
		h = sha256.New()
	} else {
		h = sha1cd.New()
	}
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	if c, ok := h.(sha1cd.CollisionResistantHash); ok {
		if sum, collision := c.CollisionResistantSum(nil); collision {
			return "collision-" + hex.EncodeToString(sum)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// short is an id for people.
func short(id string) string { return id[:min(len(id), 12)] }
