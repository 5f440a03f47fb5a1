package commitguard

import (
	"crypto/rand"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// Ways past the policy of signatures, on main.
func TestCommitDoesNotPassThePolicyOfSignatures(t *testing.T) {
	attacks(t, "1 signature that does not count", bareSite, signatures)
}

// signed begins with the policy that keys of tests may sign.
func signed(do func(w *signedSite)) func(s *site) {
	return func(s *site) { do(newSigned(s, soft)) }
}

// strict begins with the default: security keys, verified on main.
func strict(do func(w *signedSite)) func(s *site) {
	return func(s *site) { do(newSigned(s, "")) }
}

const sam = "sam@example.org"

var signatures = []attack{
	{"signed by nobody", branch, signed(func(w *signedSite) { w.stage("b", "b\n"); w.commit() })},
	{"commit.gpgsign, and --no-gpg-sign --no-verify", branch, signed(func(w *signedSite) {
		w.git("config", "commit.gpgsign", "true")
		w.try("commit", "--no-verify", "--no-gpg-sign", "--allow-empty", "-m", "work")
	})},
	{"signed with a key on no list", branch, signed(func(w *signedSite) {
		w.by(w.eve)
		w.try("commit", "-S", "--allow-empty", "-m", "work")
	})},
	{"a listed committer, signed with another's key", branch, signed(func(w *signedSite) {
		w.git("config", "user.signingkey", w.eve.Path)
		w.try("commit", "-S", "--allow-empty", "-m", "work")
	})},
	{"a listed key, another committer", branch, signed(func(w *signedSite) {
		w.env = append(w.env, "GIT_COMMITTER_EMAIL=sam@example.org")
		w.try("commit", "-S", "--allow-empty", "-m", "work")
	})},
	{"gpg.ssh.program that makes a signature of its own", branch, signed(func(w *signedSite) {
		program := filepath.Join(filepath.Dir(w.dir), "keygen")
		w.hook(program, sh+"for f; do :; done\nprintf -- '-----BEGIN SSH SIGNATURE-----\\nU1NIU0lH\\n-----END SSH SIGNATURE-----\\n' >\"$f.sig\"\n")
		w.git("config", "gpg.ssh.program", program)
		w.try("commit", "-S", "--allow-empty", "-m", "work")
	})},
	{"gpg.ssh.allowedSignersFile of one's own", branch, signed(func(w *signedSite) {
		w.write("mine", gittest.Signers(w.eve))
		w.git("config", "gpg.ssh.allowedSignersFile", filepath.Join(w.dir, "mine"))
		w.by(w.eve)
		w.try("commit", "-S", "--allow-empty", "-m", "work")
	})},
	{"puts itself on the list in the same commit", branch, signed(func(w *signedSite) {
		w.stage(".clawql/allowed_signers", w.list+gittest.Signers(w.eve))
		w.by(w.eve)
		w.try("commit", "-S", "-m", "work")
	})},
	{"takes the list away, unsigned", branch, signed(func(w *signedSite) {
		w.git("rm", "-q", ".clawql/allowed_signers")
		w.try("commit", "-m", "work")
	})},
	{"takes the list away, signed", branch, signed(func(w *signedSite) {
		w.git("rm", "-q", ".clawql/allowed_signers")
		w.try("commit", "-S", "-m", "work")
	})},
	{"the list in the work tree only", branch, signed(func(w *signedSite) {
		w.write(".clawql/allowed_signers", gittest.Signers(w.eve))
		w.by(w.eve)
		w.try("commit", "-S", "--allow-empty", "-m", "work")
	})},
	{"a key in a file where hardware is asked for", branch, strict(func(w *signedSite) { w.try("commit", "-S", "--allow-empty", "-m", "work") })},
	{"asks for less in the same commit", branch, strict(func(w *signedSite) {
		w.stage("clawql.yaml", soft)
		w.try("commit", "-S", "-m", "work")
	})},
	{"a security key that was not touched", branch, signed(func(w *signedSite) { w.sam.flags = 0; w.enter(w.raw(w.draft(sam), w.sam)) })},
	{"a security key without PIN or biometry, on main", branch, strict(func(w *signedSite) { w.sam.flags = 1; w.enter(w.raw(w.draft(sam), w.sam)) })},
	{"the touch is written in afterwards", branch, signed(func(w *signedSite) {
		w.sam.flags = 0
		d := w.draft(sam)
		w.enter(w.raw(d, flagged{w.sam}))
	})},
	{"a list whose line has run out", branch, limited(`valid-before="20200101Z"`, time.Now())},
	{"a list whose line has run out, dated back", branch, limited(`valid-before="20200101Z"`, time.Date(2019, 6, 1, 0, 0, 0, 0, time.UTC))},
	{"a list whose line does not count yet", branch, limited(`valid-after="20990101Z"`, time.Now())},
	{"a list whose line does not count yet, dated ahead", branch, limited(`valid-after="20990101Z"`, time.Date(2099, 6, 1, 0, 0, 0, 0, time.UTC))},
	{"a list whose line is not for git", branch, limited(`namespaces="file"`, time.Now())},
	{"a revoked key", branch, revoked(time.Now())},
	{"a revoked key, dated before that", branch, revoked(time.Now().Add(-time.Hour))},
	{"made for another namespace", branch, signed(func(w *signedSite) { d := w.draft(sam); d.namespace = "file"; w.enter(w.raw(d, w.sam)) })},
	{"dated far ahead", branch, signed(func(w *signedSite) { d := w.draft(sam); d.when = d.when.Add(time.Hour); w.enter(w.raw(d, w.sam)) })},
	{"the message changed after signing", branch, mangled("\n\nwork", "\n\nother work")},
	{"the author changed after signing", branch, mangled("author x", "author y")},
	{"the time changed after signing", branch, mangled(" +0000\ngpgsig", " +0100\ngpgsig")},
	{"another tree under the signature", branch, signed(func(w *signedSite) {
		d := w.draft(sam)
		w.enter(strings.Replace(w.raw(d, w.sam), d.tree, w.treeWith("b", "b\n"), 1))
	})},
	{"another parent under the signature", branch, signed(func(w *signedSite) {
		d := w.draft(sam)
		w.enter(strings.Replace(w.raw(d, w.sam), d.parent, w.git("rev-parse", "HEAD~1"), 1))
	})},
	{"the signature of another commit", branch, signed(func(w *signedSite) {
		one := w.raw(w.draft(sam), w.sam)
		signature := one[strings.Index(one, "gpgsig"):strings.Index(one, "\n\n")]
		d := w.draft(sam)
		d.message = "other work"
		two := w.raw(d, w.sam)
		w.enter(two[:strings.Index(two, "gpgsig")] + signature + two[strings.Index(two, "\n\n"):])
	})},
	{"an OpenPGP signature", branch, armoured("-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----")},
	{"an X.509 signature", branch, armoured("-----BEGIN SIGNED MESSAGE-----\nMIIE\n-----END SIGNED MESSAGE-----")},
	{"rubbish for a signature", branch, armoured("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----")},
	{"two signatures", branch, signed(func(w *signedSite) {
		raw := w.raw(w.draft(sam), w.sam)
		header := raw[strings.Index(raw, "gpgsig"):strings.Index(raw, "\n\n")]
		w.enter(strings.Replace(raw, "\ngpgsig", "\n"+header+"\ngpgsig", 1))
	})},
	{"a second committer behind the first", branch, mangled("\ngpgsig", "\ncommitter z <z@example.org> 1 +0000\ngpgsig")},
	{"signed with a certificate", branch, signed(func(w *signedSite) { w.enter(w.raw(w.draft("ann@example.org"), w.certificate())) })},
	{"an unsigned commit below a signed one", branch, signed(func(w *signedSite) {
		d := w.draft(sam)
		d.parent = w.feed("x\n", "commit-tree", "-p", "HEAD", "HEAD^{tree}")
		w.enter(w.raw(d, w.sam))
	})},
	{"an unsigned merge of signed commits", branch, signed(func(w *signedSite) {
		w.git("checkout", "-qb", "side")
		w.git("commit", "-q", "-S", "--allow-empty", "-m", "work")
		w.git("checkout", "-q", "main")
		w.try("merge", "--no-ff", "--no-edit", "side")
	})},
	{"an unsigned root beside the history", branch, signed(func(w *signedSite) {
		w.try("update-ref", "refs/heads/main", w.feed("x\n", "commit-tree", "HEAD^{tree}"))
	})},
	{"another list by git replace", branch, signed(func(w *signedSite) {
		w.git("replace", w.git("rev-parse", "HEAD:.clawql/allowed_signers"), w.feed(gittest.Signers(w.eve), "hash-object", "-w", "--stdin"))
		w.by(w.eve)
		w.try("commit", "-S", "--allow-empty", "-m", "work")
	})},
	{"an unsigned cherry-pick", branch, signed(func(w *signedSite) { w.try("cherry-pick", w.unsigned("b")) })},
	{"git am, unsigned", branch, signed(func(w *signedSite) { w.tryFed(w.patch(w.unsigned("b")), "git", "am", "-q") })},
	{"git rebase, unsigned", branch, signed(func(w *signedSite) {
		w.git("commit", "-q", "-S", "--allow-empty", "-m", "one")
		w.stage("b", "b\n")
		w.git("commit", "-q", "-S", "-m", "two")
		w.git("config", "sequence.editor", "true")
		w.env = append(w.env, "GIT_SEQUENCE_EDITOR=sed -i 1d")
		w.try("rebase", "-q", "-i", "HEAD~2")
	})},
}

// unsigned is a commit on top of HEAD with one file more, that no branch has.
func (w *signedSite) unsigned(file string) string {
	return w.feed("work\n", "commit-tree", "-p", "HEAD", w.treeWith(file, "x\n"))
}

// flagged signs without a touch, and says that there was one.
type flagged struct{ securityKey }

func (f flagged) Sign(r io.Reader, data []byte) (*ssh.Signature, error) {
	sig, err := f.securityKey.Sign(r, data)
	sig.Rest = append([]byte{1}, sig.Rest[1:]...)
	return sig, err
}

// limited adds somebody to the list under an option, who then signs at a time.
func limited(option string, when time.Time) func(s *site) {
	return signed(func(w *signedSite) {
		pat := newSecurityKey(w.T, 5)
		w.stage(".clawql/allowed_signers", w.list+"pat@example.org "+option+" "+authorized(pat)+"\n")
		w.git("commit", "-q", "-S", "-m", "pat joins")
		d := w.draft("pat@example.org")
		d.when = when
		w.enter(w.raw(d, pat))
	})
}

// revoked puts sam's key on the list of revoked ones; then sam signs at a time.
func revoked(when time.Time) func(s *site) {
	return signed(func(w *signedSite) {
		w.stage(".clawql/revoked_keys", authorized(w.sam)+"\n")
		w.git("commit", "-q", "-S", "-m", "lost")
		d := w.draft(sam)
		d.when = when
		w.enter(w.raw(d, w.sam))
	})
}

// mangled changes a text of a commit that is signed well.
func mangled(from, to string) func(s *site) {
	return signed(func(w *signedSite) {
		raw := w.raw(w.draft(sam), w.sam)
		if !strings.Contains(raw, from) {
			w.Fatalf("%q is not in %q", from, raw)
		}
		w.enter(strings.Replace(raw, from, to, 1))
	})
}

// armoured has a signature of another kind.
func armoured(armor string) func(s *site) {
	return signed(func(w *signedSite) {
		d := w.draft("ann@example.org")
		payload, _, _ := strings.Cut(w.raw(d, w.ann.Signer), "\ngpgsig")
		w.enter(w.with(payload+"\n\nwork\n", armor))
	})
}

// certificate is ann's key with a certificate of an authority that is eve.
func (w *signedSite) certificate() ssh.Signer {
	w.Helper()
	c := &ssh.Certificate{
		Key: w.ann.Signer.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"ann@example.org"}, ValidBefore: ssh.CertTimeInfinity,
	}
	if err := c.SignCert(rand.Reader, w.eve.Signer); err != nil {
		w.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(c, w.ann.Signer)
	if err != nil {
		w.Fatal(err)
	}
	return signer
}
