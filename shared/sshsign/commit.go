package sshsign

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// signed is a commit object taken apart: what was signed, by what, in whose name.
type signed struct {
	payload   []byte
	signature []byte
	name      string // of the committer
	email     string
	time      time.Time
}

// split takes the signature out of a raw commit object, as git does
// (parse_buffer_signed_by_header in git's commit.c): the payload is the object
// without its gpgsig headers. Git joins several gpgsig headers to one
// signature and ignores other headers whose name begins with gpgsig; both are
// refused here, since no honest tool writes them.
func split(raw []byte) (signed, error) {
	head, message, ok := bytes.Cut(raw, []byte("\n\n"))
	if !ok {
		return signed{}, Refuse(Malformed, "it has no end of its headers")
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return signed{}, Refuse(Malformed, "its headers hold a zero byte")
	}
	if err := inOrder(head); err != nil {
		return signed{}, err
	}
	var c signed
	var kept [][]byte
	inSignature := false
	for _, line := range bytes.Split(head, []byte("\n")) {
		more, continued := bytes.CutPrefix(line, []byte(" "))
		switch {
		case continued && inSignature:
			c.signature = append(append(c.signature, more...), '\n')
		case bytes.HasPrefix(line, []byte("gpgsig")):
			if err := c.begin(line, signatureHeader(head)); err != nil {
				return signed{}, err
			}
			inSignature = true
		default:
			inSignature = false
			kept = append(kept, line)
		}
	}
	if c.signature == nil {
		return signed{}, Refuse(Unsigned, "it carries no signature")
	}
	c.payload = append(append(bytes.Join(kept, []byte("\n")), "\n\n"...), message...)
	return c, c.readCommitter(kept)
}

// signatureHeader is where git looks for the signature: in a SHA-256
// repository, which its tree's id tells, under another name.
func signatureHeader(head []byte) string {
	first, _, _ := strings.Cut(string(head), "\n")
	if len(first) == len("tree ")+64 {
		return "gpgsig-sha256"
	}
	return "gpgsig"
}

// begin reads the first line of a signature header.
func (c *signed) begin(line []byte, header string) error {
	name, value, ok := strings.Cut(string(line), " ")
	if !ok || name != "gpgsig" && name != "gpgsig-sha256" {
		return Refuse(Malformed, "it has a header of the unknown form %q", name)
	}
	if c.signature != nil {
		return Refuse(Malformed, "it carries more than one signature")
	}
	if name != header {
		return Refuse(Malformed, "its signature stands under %q, where git would look under %q", name, header)
	}
	c.signature = append([]byte(value), '\n')
	return nil
}

// readCommitter finds the one committer line, and refuses a second: git reads
// the first, another tool might read the last.
func (c *signed) readCommitter(lines [][]byte) error {
	found := 0
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(string(line), "committer "); ok {
			found++
			if !c.parseCommitter(rest) {
				return Refuse(Malformed, "its committer line %q has no e-mail or no time", rest)
			}
		}
	}
	if found != 1 {
		return Refuse(Malformed, "it has %d committer lines", found)
	}
	return nil
}

func (c *signed) parseCommitter(s string) bool {
	name, rest, ok := strings.Cut(s, "<")
	email, when, ok2 := strings.Cut(rest, ">")
	words := strings.Fields(when)
	if !ok || !ok2 || len(words) != 2 || strings.ContainsAny(email, "<>") || strings.ContainsAny(when, "<>") {
		return false
	}
	seconds, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || seconds < 0 {
		return false
	}
	c.name, c.email, c.time = strings.TrimSpace(name), email, time.Unix(seconds, 0).UTC()
	return true
}
