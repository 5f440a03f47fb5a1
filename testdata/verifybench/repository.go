package main

import (
	"bytes"
	"compress/zlib"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// policy lets the key that is a file sign for branch work.
const policy = `apiVersion: clawql.io/v1alpha1
kind: Project
environments: {production: {context: ctx, namespace: clawql, overlay: o}}
signing: {branches: [{name: work, require: signature}]}
exceptions: [{control: signing, reason: the keys of a benchmark, owner: bench, expires: 2999-01-01}]
`

// person signs commits.
type person struct {
	email  string
	signer ssh.Signer
}

// makeRepository makes branch main with one commit, which brings the policy,
// and branch work with so many signed ones on top. It returns the path of a
// copy of the list, for git.
func makeRepository(dir string, commits int) (signers string, err error) {
	people, err := makePeople()
	if err != nil {
		return "", err
	}
	list := ""
	for _, p := range people {
		list += fmt.Sprintf("%s namespaces=\"git\" %s", p.email, ssh.MarshalAuthorizedKey(p.signer.PublicKey()))
	}
	p := &pack{}
	start := time.Now().Add(-time.Duration(commits) * time.Minute).Unix()
	tip, first := "", ""
	for n := range commits + 1 {
		if n > 0 && n%1000 == 0 {
			list += fmt.Sprintf("# state %d\n", n)
		}
		tree := p.tree(n, list)
		if tip, err = p.commit(tree, tip, people[n%len(people)], start+int64(n)*60, n); err != nil {
			return "", err
		}
		if n == 0 {
			first = tip
		}
	}
	signers = filepath.Join(dir, ".git", "signers")
	for _, step := range []struct {
		stdin []byte
		args  []string
	}{
		{nil, []string{"init", "-q", "-b", "main", dir}},
		{p.bytes(), []string{"-C", dir, "index-pack", "--stdin"}},
		{nil, []string{"-C", dir, "update-ref", "refs/heads/main", first}},
		{nil, []string{"-C", dir, "update-ref", "refs/heads/work", tip}},
	} {
		c := exec.Command("git", step.args...)
		c.Stdin = bytes.NewReader(step.stdin)
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("git %s: %w: %s", step.args[0], err, out)
		}
	}
	return signers, os.WriteFile(signers, []byte(list), 0o600)
}

func makePeople() ([]person, error) {
	_, file, err1 := ed25519.GenerateKey(rand.Reader)
	public, token, err2 := ed25519.GenerateKey(rand.Reader)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("make keys: %v, %v", err1, err2)
	}
	ann, err := ssh.NewSignerFromKey(file)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Type        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, "ssh:"}))
	return []person{{"ann@example.org", ann}, {"bob@example.org", &securityKey{key, token}}}, err
}

// securityKey signs what a FIDO key signs (OpenSSH's PROTOCOL.u2f), with the
// flags "touched" and "user verified".
type securityKey struct {
	public ssh.PublicKey
	token  ed25519.PrivateKey
}

// PublicKey is the key as a list has it.
func (k *securityKey) PublicKey() ssh.PublicKey { return k.public }

// Sign signs data.
func (k *securityKey) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	application, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(data)
	tail := []byte{5, 0, 0, 0, 7}
	blob := ed25519.Sign(k.token, bytes.Join([][]byte{application[:], tail, message[:]}, nil))
	return &ssh.Signature{Format: k.public.Type(), Blob: blob, Rest: tail}, nil
}

// pack is a git pack file in the making, without deltas.
type pack struct {
	body  bytes.Buffer
	count uint32
	blobs map[string]string
}

func (p *pack) add(kind byte, name string, content []byte) string {
	sum := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", name, len(content), content))
	size := len(content)
	head := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		p.body.WriteByte(head | 0x80)
		head = byte(size & 0x7f)
	}
	p.body.WriteByte(head)
	z, _ := zlib.NewWriterLevel(&p.body, zlib.BestSpeed) // the level is a valid one
	z.Write(content)                                     // a bytes.Buffer takes all
	z.Close()
	p.count++
	return hex.EncodeToString(sum[:])
}

func (p *pack) blob(content string) string {
	if id, ok := p.blobs[content]; ok {
		return id
	}
	if p.blobs == nil {
		p.blobs = map[string]string{}
	}
	p.blobs[content] = p.add(3, "blob", []byte(content))
	return p.blobs[content]
}

// tree has forty files, one of which changes, and the policy.
func (p *pack) tree(n int, list string) string {
	var folder, root bytes.Buffer
	entry(&folder, "100644 allowed_signers", p.blob(list))
	entry(&root, "40000 .clawql", p.folder(folder.Bytes()))
	entry(&root, "100644 clawql.yaml", p.blob(policy))
	for i := range 40 {
		entry(&root, fmt.Sprintf("100644 file%02d", i), p.blob(fmt.Sprintf("file %d, state %d\n", i, n-(n-i)%40)))
	}
	return p.add(2, "tree", root.Bytes())
}

// folder adds a tree once.
func (p *pack) folder(content []byte) string {
	key := "tree " + string(content)
	if p.blobs[key] == "" {
		p.blobs[key] = p.add(2, "tree", content)
	}
	return p.blobs[key]
}

func entry(b *bytes.Buffer, name, id string) {
	raw, _ := hex.DecodeString(id) // ours
	fmt.Fprintf(b, "%s\x00%s", name, raw)
}

func (p *pack) commit(tree, parent string, who person, when int64, n int) (string, error) {
	person := fmt.Sprintf("Somebody <%s> %d +0000", who.email, when)
	head := "tree " + tree + "\n"
	if parent != "" {
		head += "parent " + parent + "\n"
	}
	head += "author " + person + "\ncommitter " + person + "\n"
	message := fmt.Sprintf("\nchange %d\n\nA body of a few words, as commits have it.\n", n)
	sig, err := sshsig.Sign(strings.NewReader(head+message), who.signer, sshsig.HashSHA512, "git")
	if err != nil {
		return "", err
	}
	armor := strings.ReplaceAll(strings.TrimSuffix(string(sshsig.Armor(sig)), "\n"), "\n", "\n ")
	return p.add(1, "commit", []byte(head+"gpgsig "+armor+"\n"+message)), nil
}

func (p *pack) bytes() []byte {
	out := append([]byte("PACK"), 0, 0, 0, 2)
	out = binary.BigEndian.AppendUint32(out, p.count)
	out = append(out, p.body.Bytes()...)
	sum := sha1.Sum(out)
	return append(out, sum[:]...)
}
