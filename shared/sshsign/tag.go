package sshsign

import (
	"bytes"
	"strings"
)

// InspectTag is Inspect for a raw tag object (what `git cat-file tag` prints).
// Its signature stands at the end of its message; the committer is its tagger.
func InspectTag(raw []byte) (Signed, error) {
	object, err := splitTag(raw)
	if err != nil {
		return Signed{}, err
	}
	return inspect(object)
}

// tagHeaders are those of a tag, in the order in which git writes them.
var tagHeaders = []string{"object ", "type ", "tag ", "tagger "}

// splitTag takes the signature off as git does (parse_signature in its
// gpg-interface.c): from the last line that begins one on to the end. A second
// beginning, and the header that a repository with two hashes writes, are
// refused.
func splitTag(raw []byte) (signed, error) {
	head, message, ok := bytes.Cut(raw, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) != len(tagHeaders) || bytes.IndexByte(head, 0) >= 0 {
		return signed{}, Refuse(Malformed, "it has not the headers object, type, tag and tagger, and nothing else")
	}
	for i, name := range tagHeaders {
		if !strings.HasPrefix(lines[i], name) {
			return signed{}, Refuse(Malformed, "its header %.20q stands where %q belongs", lines[i], strings.TrimSpace(name))
		}
	}
	starts := signatureStarts(message)
	switch {
	case len(starts) == 0:
		return signed{}, Refuse(Unsigned, "it carries no signature")
	case len(starts) > 1:
		return signed{}, Refuse(Malformed, "it carries more than one signature")
	}
	at := len(raw) - len(message) + starts[0]
	object := signed{payload: raw[:at], signature: raw[at:]}
	if !object.parseCommitter(strings.TrimPrefix(lines[3], tagHeaders[3])) {
		return signed{}, Refuse(Malformed, "its tagger line has no e-mail or no time")
	}
	return object, nil
}

// signatureStarts are the offsets of lines that begin a signature.
func signatureStarts(message []byte) (starts []int) {
	for at := 0; at < len(message); {
		line, _, _ := bytes.Cut(message[at:], []byte("\n"))
		for _, mark := range []string{"-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----", "-----BEGIN SIGNED MESSAGE-----", "-----BEGIN SSH SIGNATURE-----"} {
			if bytes.HasPrefix(line, []byte(mark)) {
				starts = append(starts, at)
			}
		}
		at += len(line) + 1
	}
	return starts
}
