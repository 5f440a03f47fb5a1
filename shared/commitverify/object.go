package commitverify

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// maxObject bounds commits, tags and root trees, in bytes.
const maxObject = 16 << 20

// item is a commit on its way: read, then taken apart on any processor, then
// judged in order.
type item struct {
	id      string
	parents []string
	subject string
	when    time.Time // what its committer says; zero when that cannot be read
	signed  sshsign.Signed
	refusal error // of the signature itself, whoever made it
	err     error // it could not be told

	raw, tree gitchange.Object
}

// open takes the commit apart; it needs no policy.
func (i *item) open() {
	if i.err = i.check(); i.err != nil {
		return
	}
	if i.raw.Content == nil {
		i.refusal = sshsign.Refuse(sshsign.Malformed, "it has %d bytes, more than the limit of %d", i.raw.Size, maxObject)
		return
	}
	i.parents, i.subject = parentsOf(i.raw.Content), subjectOf(i.raw.Content)
	i.when = timeOf(i.raw.Content)
	i.signed, i.refusal = sshsign.Inspect(i.raw.Content)
	i.raw.Content = nil
}

// check sees that both objects are what their names stand for.
func (i *item) check() error {
	for _, one := range []gitchange.Object{i.raw, i.tree} {
		if one.ID == "" {
			return fault.Unable("read %s: not in the repository", one.Name).Hint("fetch the whole history: git fetch --unshallow")
		}
	}
	switch {
	case i.raw.Kind != "commit" || i.tree.Kind != "tree":
		return fault.Unable("read commit %s: it is a %s with a %s", i.id, i.raw.Kind, i.tree.Kind)
	case i.tree.Content == nil:
		return fault.Unable("read commit %s: its tree has %d bytes, more than the limit of %d", i.id, i.tree.Size, maxObject)
	case i.raw.Content == nil:
		return nil
	}
	wrong := i.raw.ID != i.id || nameOf("commit", i.raw.Content, len(i.id)) != i.id ||
		nameOf("tree", i.tree.Content, len(i.id)) != i.tree.ID || !bytes.HasPrefix(i.raw.Content, []byte("tree "+i.tree.ID+"\n"))
	if wrong {
		return fault.Unable("read commit %s: its content is not what its name stands for", i.id).Hint("git fsck")
	}
	return nil
}

// nameOf is the id that git gives to a content; width is the length of ids in
// hex digits, which tells the hash.
func nameOf(kind string, content []byte, width int) string {
	var sum hash.Hash
	if sum = sha1.New(); width == 64 {
		sum = sha256.New()
	}
	fmt.Fprintf(sum, "%s %d\x00", kind, len(content))
	sum.Write(content)
	return hex.EncodeToString(sum.Sum(nil))
}

func parentsOf(raw []byte) (all []string) {
	_, rest, _ := bytes.Cut(raw, []byte("\n"))
	for {
		line, more, ok := bytes.Cut(rest, []byte("\n"))
		id, parent := bytes.CutPrefix(line, []byte("parent "))
		if !ok || !parent {
			return all
		}
		all, rest = append(all, string(id)), more
	}
}

// maxSubject bounds the first line of a message in reports, in bytes.
const maxSubject = 200

func subjectOf(raw []byte) string {
	_, message, _ := bytes.Cut(raw, []byte("\n\n"))
	line, _, _ := bytes.Cut(bytes.TrimLeft(message, "\n"), []byte("\n"))
	return strings.ToValidUTF8(string(line[:min(len(line), maxSubject)]), "?")
}
