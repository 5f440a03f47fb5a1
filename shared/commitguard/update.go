package commitguard

import (
	"bufio"
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// update is one reference that is about to change.
type update struct {
	ref      string // the name it has, or will have at the remote
	old, new string // object ids; "" for none
	local    string // pre-push: the name it has here
}

// isBranch: tags, notes, the stash and remote-tracking names are none.
func (u update) isBranch() bool { return strings.HasPrefix(u.ref, "refs/heads/") }

// moves says that something new may come in: it is neither removed nor the same.
func (u update) moves() bool { return u.new != "" && u.new != u.old }

// maxUpdates bounds what is read from git, in lines.
const maxUpdates = 1 << 20

// readUpdates reads lines of words; which stand in order is told by fields:
// the indexes of ref, old and new.
func readUpdates(r io.Reader, words int, build func(words []string) update) ([]update, error) {
	var all []update
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() == "" {
			continue
		}
		got := strings.Split(lines.Text(), " ")
		if len(got) != words || len(all) == maxUpdates {
			return nil, fault.Unable("read what git is about to do: %.80q is no line of %d words", lines.Text(), words)
		}
		all = append(all, build(got))
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Unable("read what git is about to do: %w", err)
	}
	return all, nil
}

// checkAll checks each.
func checkAll(all []update) error {
	for _, u := range all {
		if err := u.check(); err != nil {
			return err
		}
	}
	return nil
}

// check wants ids to be ids, because they become arguments.
func (u *update) check() error {
	for _, id := range []string{u.old, u.new} {
		if id != "" && !isID(id) {
			return fault.Unable("read what git is about to do: %.80q is no object id (%s)", id, u.ref)
		}
	}
	return nil
}

func isID(id string) bool {
	return (len(id) == 40 || len(id) == 64) && strings.Trim(id, "0123456789abcdef") == ""
}

// known turns the id of nothing into "".
func known(id string) string {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

// symbolic is what stands before the name of a reference, in place of an id,
// where a reference names another one (reference-transaction, from Git 2.46).
const symbolic = "ref:"

// transactionLine is `OLD NEW REF`, also pre-receive's.
func transactionLine(w []string) update {
	return update{old: known(w[0]), new: known(w[1]), ref: w[2]}
}

// pushLine is `LOCAL-REF NEW REF OLD`.
func pushLine(w []string) update {
	return update{local: w[0], new: known(w[1]), ref: w[2], old: known(w[3])}
}
