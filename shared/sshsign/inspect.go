package sshsign

import (
	"bytes"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Signed is a commit or a tag with an SSH signature that belongs to its
// content. Whether the signer may sign is another question: see Check and
// AllowedSigners.Admit.
type Signed struct {
	// Signature has no Principal and no Line yet.
	Signature
	// Time is when the committer (tagger) says that it was made.
	Time time.Time

	key  ssh.PublicKey
	wire string
}

// Inspect takes a raw commit object (what `git cat-file commit` prints) apart
// and checks its signature against its own key, which is the costly part and
// needs no list. An error is a *Refusal.
//
// It is stricter than git where git is ambiguous: the headers must stand in
// the order in which git writes them, each of tree, author and committer once.
func Inspect(raw []byte) (Signed, error) {
	commit, err := split(raw)
	if err != nil {
		return Signed{}, err
	}
	return inspect(commit)
}

func inspect(object signed) (Signed, error) {
	sig, err := unarmor(object.signature)
	if err != nil {
		return Signed{}, err
	}
	out := Signed{Signature: describe(sig), Time: object.time, key: sig.PublicKey, wire: string(sig.PublicKey.Marshal())}
	out.Committer = object.email
	return out, verify(object.payload, sig)
}

// Check says whether the signature shows what the policy asks for; the error
// is a *Refusal.
func (p Policy) Check(s Signed) error { return p.check(s.Signature) }

// Admit finds the line of the list that lets the key sign for the committer at
// each of the times, and returns the signature with it. The error is a *Refusal.
func (a *AllowedSigners) Admit(s Signed, times ...time.Time) (Signature, error) {
	out := s.Signature
	for _, at := range times {
		line, err := a.admit(s.key, s.wire, s.Committer, at)
		if err != nil {
			return Signature{}, err
		}
		out.Principal, out.Line = line.Principals, line.Line
	}
	return out, nil
}

// The headers that every commit has, in their order.
const (
	headTree = iota + 1
	headParent
	headAuthor
	headCommitter
)

// inOrder says whether the headers begin as git writes them: tree, parents,
// author, committer, and none of these names again.
func inOrder(head []byte) error {
	stage := 0
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		at := headerOf(line)
		switch {
		case at == 0 && stage < headAuthor:
			return Refuse(Malformed, "it has the header %.20q before its author", line)
		case at == 0:
		case at < stage, at == stage && at != headParent, at > stage+1 && !(stage == headTree && at == headAuthor):
			return Refuse(Malformed, "its header %.20q stands where it does not belong, or twice", line)
		default:
			stage = at
		}
	}
	return nil
}

func headerOf(line []byte) int {
	name, _, _ := bytes.Cut(line, []byte(" "))
	switch string(name) {
	case "tree":
		return headTree
	case "parent":
		return headParent
	case "author":
		return headAuthor
	case "committer":
		return headCommitter
	}
	return 0
}

// Lists says whether a line of the list lets key sign commits for email at the
// time at, whatever its other lines say. A nil list lists nobody.
func (a *AllowedSigners) Lists(key ssh.PublicKey, email string, at time.Time) bool {
	return a != nil && a.Names(key, email, at) == nil
}

// Names is nil if a line of the list lets key sign commits for email at the
// time at; else a *Refusal.
func (a *AllowedSigners) Names(key ssh.PublicKey, email string, at time.Time) error {
	_, err := a.admit(key, string(key.Marshal()), email, at)
	return err
}

// VerifyDetached checks a signature in its armour, as `ssh-keygen -Y sign`
// writes it, of message by key in namespace. The error is a *Refusal.
func VerifyDetached(message, armored []byte, namespace string, key ssh.PublicKey) error {
	sig, err := unarmor(armored)
	if err != nil {
		return err
	}
	if !bytes.Equal(sig.PublicKey.Marshal(), key.Marshal()) {
		return Refuse(NotListed, "it was made by another key, %s", ssh.FingerprintSHA256(sig.PublicKey))
	}
	if err := sshsig.Verify(bytes.NewReader(message), sig, key, sig.HashAlgorithm, namespace); err != nil {
		return Refuse(BadSignature, "it does not belong to its content (%v)", err)
	}
	return nil
}
