package commitguard

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// soft lets keys in files sign, as those of tests are.
const soft = `apiVersion: clawql.io/v1alpha1
kind: Project
environments: {production: {context: ctx, namespace: clawql, overlay: o}}
signing: {branches: [{name: "**", require: signature}]}
exceptions: [{control: signing, reason: keys of tests are files, owner: a, expires: 2999-01-01}]
`

// signedSite is a repository that asks for signatures: of ann, by a key in a
// file; of sam, by a security key; eve is on no list.
type signedSite struct {
	*site
	ann, eve *gittest.Key
	sam      securityKey // touched and verified
	list     string      // the lines of those who may sign
}

// signers of the policies that a test begins with.
func newSigned(s *site, yaml string) *signedSite {
	w := &signedSite{site: s, ann: gittest.NewKey(s.T, "ann"), eve: gittest.NewKey(s.T, "eve"), sam: newSecurityKey(s.T, 5)}
	w.list = gittest.Signers(w.ann) + "sam@example.org " + authorized(w.sam) + "\n"
	s.git("init", "-q", "-b", "main", s.dir)
	s.git("config", "gpg.format", "ssh")
	s.git("remote", "add", "origin", s.remote)
	s.stage("README.md", "hello\n")
	s.git("commit", "-qm", "before the policy")
	if yaml != "" {
		s.stage("clawql.yaml", yaml)
	}
	s.stage(".clawql/allowed_signers", w.list)
	w.by(w.ann)
	s.git("commit", "-q", "-S", "-m", "policy")
	s.git("push", "-q", "-u", "origin", "main")
	s.install()
	return w
}

// by makes a person the committer, with the person's key.
func (w *signedSite) by(key *gittest.Key) {
	w.git("config", "user.signingkey", key.Path)
	w.env = append(w.env, "GIT_COMMITTER_EMAIL="+key.Email, "GIT_COMMITTER_NAME="+key.Name)
}

// securityKey is a FIDO key in software: it signs what a real one signs
// (OpenSSH's PROTOCOL.u2f), with flags of the test's choice.
type securityKey struct {
	public  ssh.PublicKey
	private ed25519.PrivateKey
	flags   byte
}

func newSecurityKey(t testing.TB, flags byte) securityKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Type        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, "ssh:"}))
	if err != nil {
		t.Fatal(err)
	}
	return securityKey{key, private, flags}
}

func (k securityKey) PublicKey() ssh.PublicKey { return k.public }

func (k securityKey) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	application, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(data)
	tail := []byte{k.flags, 0, 0, 0, 7} // flags, counter
	blob := ed25519.Sign(k.private, bytes.Join([][]byte{application[:], tail, message[:]}, nil))
	return &ssh.Signature{Format: k.public.Type(), Blob: blob, Rest: tail}, nil
}

func authorized(key ssh.Signer) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
}

// draft is a commit before it is stored.
type draft struct {
	tree, parent, email string
	when                time.Time
	message             string
	namespace           string
}

// draft is of HEAD's tree on top of HEAD, by somebody.
func (w *signedSite) draft(email string) draft {
	return draft{w.git("rev-parse", "HEAD^{tree}"), w.git("rev-parse", "HEAD"), email, time.Now(), "work", "git"}
}

// raw is the commit, signed.
func (w *signedSite) raw(d draft, signer ssh.Signer) string {
	w.Helper()
	who := fmt.Sprintf("x <%s> %d +0000", d.email, d.when.Unix())
	payload := "tree " + d.tree + "\nparent " + d.parent + "\nauthor " + who + "\ncommitter " + who + "\n\n" + d.message + "\n"
	return w.with(payload, w.armor(payload, signer, d.namespace))
}

func (w *signedSite) armor(payload string, signer ssh.Signer, namespace string) string {
	w.Helper()
	sig, err := sshsig.Sign(strings.NewReader(payload), signer, sshsig.HashSHA512, namespace)
	if err != nil {
		w.Fatal(err)
	}
	return string(sshsig.Armor(sig))
}

// with puts a signature into a commit, as git does.
func (w *signedSite) with(payload, armor string) string {
	head, message, _ := strings.Cut(payload, "\n\n")
	return head + "\ngpgsig " + strings.ReplaceAll(strings.TrimSpace(armor), "\n", "\n ") + "\n\n" + message
}

// enter stores a raw commit, and tries to make main of it.
func (w *signedSite) enter(raw string) {
	w.Helper()
	w.try("update-ref", "refs/heads/main", w.store(raw))
}

func (w *signedSite) store(raw string) string {
	w.Helper()
	return w.feed(raw, "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
}

// treeWith is HEAD's tree with another file of .clawql or of the root.
func (w *signedSite) treeWith(name, text string) string {
	w.Helper()
	file := filepath.Join(filepath.Dir(w.dir), "index")
	_ = os.Remove(file)
	kept := w.env
	w.env = append(w.env, "GIT_INDEX_FILE="+file)
	defer func() { w.env = kept }()
	w.git("read-tree", "HEAD")
	if text == "" {
		w.git("rm", "-q", "--cached", name)
	} else {
		w.git("update-index", "--add", "--cacheinfo", "100644,"+w.feed(text, "hash-object", "-w", "--stdin")+","+name)
	}
	return w.git("write-tree")
}
