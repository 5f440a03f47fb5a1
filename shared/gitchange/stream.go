package gitchange

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Object is one answer of Stream.
type Object struct {
	Name    string // what was asked for
	ID      string // full; "" when it is not in the repository
	Kind    string // commit, tree, blob or tag
	Content []byte // nil when it is larger than the bound of Stream
	Size    int64  // bytes
}

// noShallow lets history end where it ends, not where .git/shallow says: what
// a shallow clone lacks is then missed, and an error.
const noShallow = "GIT_SHALLOW_FILE="

// RevList is what `git rev-list args` lists, as full ids, parents first, and
// the edge: the parents of these commits that are not among them. So a list
// that lacks one of its commits can be told from a whole one. A part of history
// that is not in this clone is an error.
func (r *Repo) RevList(ctx context.Context, args ...string) (ids []string, edge map[string]bool, err error) {
	var diag bytes.Buffer
	many, args := leadingIDs(args)
	c := r.command(ctx, &diag, append([]string{"rev-list", "--topo-order", "--boundary", "--stdin"}, args...)...)
	c.Env = append(c.Env, noShallow)
	c.Stdin = strings.NewReader(many)
	out, err := c.Output()
	if err != nil || diag.Len() > 0 {
		return nil, nil, complaint("rev-list", err, diag.String())
	}
	edge = map[string]bool{}
	for line := range strings.Lines(string(out)) {
		id, whole := strings.CutSuffix(line, "\n")
		id, outside := strings.CutPrefix(id, "-")
		if !whole || len(id) != 40 && len(id) != 64 {
			return nil, nil, fault.Unable("git rev-list: %.80q is no commit", line)
		}
		if outside {
			edge[id] = true
		} else {
			ids = append(ids, id)
		}
	}
	slices.Reverse(ids)
	return ids, edge, nil
}

// leadingIDs takes the ids, with or without a ^, from the beginning of the
// arguments of rev-list, as lines: there may be more than a command line holds.
func leadingIDs(args []string) (lines string, rest []string) {
	n := 0
	for n < len(args) {
		id := strings.TrimPrefix(args[n], "^")
		if len(id) != 40 && len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" {
			break
		}
		n++
	}
	if n == 0 {
		return "", args
	}
	return strings.Join(args[:n], "\n") + "\n", args[n:]
}

// Lookup gives the full id of the commit that a name stands for; "" when
// there is none.
func (r *Repo) Lookup(ctx context.Context, name string) (string, error) {
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, "\n\x00") {
		return "", fault.Usage("%q is no name of a commit", name)
	}
	var diag bytes.Buffer
	c := r.command(ctx, &diag, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	out, err := c.Output()
	if err != nil && diag.Len() == 0 && c.ProcessState != nil && c.ProcessState.ExitCode() == 1 {
		return "", nil
	}
	if err != nil || diag.Len() > 0 {
		return "", complaint("rev-parse", err, diag.String())
	}
	lines := strings.Fields(string(out)) // with --end-of-options, older git repeats it
	return lines[len(lines)-1], nil
}

// Stream reads the named objects in order through one `git cat-file --batch`,
// whose questions are asked while answers come. An object of more than limit
// bytes comes without content. A cut or wrong answer is an error.
func (r *Repo) Stream(ctx context.Context, names []string, limit int64, each func(Object) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var diag bytes.Buffer
	child := r.command(ctx, &diag, "cat-file", "--batch", "--buffer")
	ask, err1 := child.StdinPipe()
	out, err2 := child.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return fault.Unable("git cat-file: %w", err)
	}
	if err := child.Start(); err != nil {
		return fault.Unable("git cat-file: %w", err).Hint("install git 2.30 or later")
	}
	go func() {
		w := bufio.NewWriterSize(ask, 64<<10)
		for _, name := range names {
			w.WriteString(name)
			w.WriteByte('\n')
		}
		w.Flush() // a child that went away is seen by the reader
		ask.Close()
	}()
	err := answers(bufio.NewReaderSize(out, 256<<10), names, limit, each)
	if err != nil {
		stop()
		_ = child.Wait() // the error at hand says more
		if diag.Len() > 0 && ctx.Err() == nil {
			return complaint("cat-file", err, diag.String())
		}
		return err
	}
	if err := child.Wait(); err != nil || diag.Len() > 0 {
		return complaint("cat-file", err, diag.String())
	}
	return nil
}

func answers(in *bufio.Reader, names []string, limit int64, each func(Object) error) error {
	for _, name := range names {
		one, err := answer(in, name, limit)
		if err == nil {
			err = each(one)
		}
		if err != nil {
			return err
		}
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return fault.Unable("git cat-file: it answers more than it was asked")
	}
	return nil
}

func answer(in *bufio.Reader, name string, limit int64) (one Object, err error) {
	one.Name = name
	head, err := in.ReadString('\n')
	if err != nil {
		return one, fault.Unable("git cat-file: no answer for %s: %w", name, err)
	}
	head = strings.TrimSuffix(head, "\n")
	if head == name+" missing" {
		return one, nil
	}
	words := strings.Fields(head)
	if len(words) != 3 {
		return one, fault.Unable("git cat-file: %s: answer %q", name, head)
	}
	one.ID, one.Kind = words[0], words[1]
	if one.Size, err = strconv.ParseInt(words[2], 10, 64); err != nil || one.Size < 0 {
		return one, fault.Unable("git cat-file: %s: size %q", name, words[2])
	}
	if one.Size > limit {
		_, err = io.CopyN(io.Discard, in, one.Size+1)
	} else {
		content := make([]byte, one.Size+1)
		_, err = io.ReadFull(in, content)
		one.Content = content[:one.Size]
	}
	if err != nil {
		return one, fault.Unable("git cat-file: %s: its content ends early: %w", name, err)
	}
	return one, nil
}
