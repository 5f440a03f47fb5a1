package sshsign

import (
	"crypto/elliptic"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// The commit's own time, which git judges by as well.
const commitTime = 1767225600 // 2026-01-01T00:00:00Z

// sample is one commit and one list, put before git and before us.
type sample struct {
	signer    ssh.Signer
	email     string // of the committer
	namespace string
	hash      sshsig.HashAlgorithm
	list      string // %s stands for the key
	revoked   string // list of revoked keys; "%s" likewise
	mangle    func(raw string) string
}

// differential: what git says and what we say. The empty reason means that we
// accept. Where git accepts and we refuse, we mean to be stricter.
var differential = []struct {
	name  string
	make  func(t *testing.T) sample
	git   bool
	ours  Reason
	stray string // why we differ
}{
	{"valid", func(t *testing.T) sample { return sample{} }, true, "", ""},
	{"sha256", func(t *testing.T) sample { return sample{hash: sshsig.HashSHA256} }, true, "", ""},
	{"ecdsa 256", func(t *testing.T) sample { return sample{signer: ecdsaKey(t, elliptic.P256())} }, true, "", ""},
	{"ecdsa 384", func(t *testing.T) sample { return sample{signer: ecdsaKey(t, elliptic.P384())} }, true, "", ""},
	{"ecdsa 521", func(t *testing.T) sample { return sample{signer: ecdsaKey(t, elliptic.P521())} }, true, "", ""},
	{"rsa 2048", func(t *testing.T) sample { return sample{signer: rsaKey(t, 2048)} }, true, "", ""},
	{"rsa 1024", func(t *testing.T) sample { return sample{signer: rsaKey(t, 1024)} }, true, WeakKey, "too short"},
	{"security key, touched", func(t *testing.T) sample { return sample{signer: skEd25519(t, 1)} }, true, "", ""},
	{"security key, verified", func(t *testing.T) sample { return sample{signer: skEd25519(t, 5)} }, true, "", ""},
	{"security key, not touched", func(t *testing.T) sample { return sample{signer: skEd25519(t, 0)} }, true, NoTouch, "a touch is asked for"},
	{"ecdsa security key", func(t *testing.T) sample { return sample{signer: skECDSA(t, 1)} }, true, "", ""},
	{"ecdsa security key, not touched", func(t *testing.T) sample { return sample{signer: skECDSA(t, 4)} }, true, NoTouch, "a touch is asked for"},
	{"other signer", func(t *testing.T) sample {
		return sample{list: "a@example.org " + authorized(ed25519Key(t).PublicKey())}
	}, false, NotListed, ""},
	{"empty list", func(t *testing.T) sample { return sample{list: "# nobody"} }, false, NotListed, ""},
	{"committer is somebody else", func(t *testing.T) sample { return sample{email: "b@example.org"} }, true, WrongCommitter, "git binds no committer"},
	{"pattern", func(t *testing.T) sample { return sample{list: "*@example.org %s"} }, true, "", ""},
	{"pattern of one letter", func(t *testing.T) sample { return sample{list: "?@example.org %s"} }, true, "", ""},
	{"pattern, negated", func(t *testing.T) sample { return sample{list: "*@example.org,!a@* %s"} }, true, WrongCommitter, "git asks with the pattern itself"},
	{"several principals", func(t *testing.T) sample { return sample{list: "x@example.org,a@example.org %s"} }, true, "", ""},
	{"quoted principals", func(t *testing.T) sample { return sample{list: `"x@example.org,a@example.org" %s`} }, true, "", ""},
	{"case of the principal", func(t *testing.T) sample { return sample{list: "A@example.org %s"} }, true, WrongCommitter, "git binds no committer"},
	{"namespace git", func(t *testing.T) sample { return sample{list: `a@example.org namespaces="git" %s`} }, true, "", ""},
	{"namespaces file and git", func(t *testing.T) sample { return sample{list: `a@example.org namespaces="file,git" %s`} }, true, "", ""},
	{"namespace file", func(t *testing.T) sample { return sample{list: `a@example.org namespaces="file" %s`} }, false, NotPermitted, ""},
	{"namespace, negated", func(t *testing.T) sample { return sample{list: `a@example.org namespaces="*,!git" %s`} }, false, NotPermitted, ""},
	{"option names in capitals", func(t *testing.T) sample {
		return sample{list: `a@example.org NAMESPACES="git",Valid-After="20200101" %s`}
	}, true, "", ""},
	{"signed for file", func(t *testing.T) sample { return sample{namespace: "file"} }, false, WrongNamespace, ""},
	{"valid from long ago", func(t *testing.T) sample { return sample{list: `a@example.org valid-after="20200101Z" %s`} }, true, "", ""},
	{"expired", func(t *testing.T) sample { return sample{list: `a@example.org valid-before="20251231Z" %s`} }, false, OutOfTime, ""},
	{"expired at that second", func(t *testing.T) sample { return sample{list: `a@example.org valid-before="20260101000000Z" %s`} }, true, "", ""},
	{"expired one second before", func(t *testing.T) sample { return sample{list: `a@example.org valid-before="20251231235959Z" %s`} }, false, OutOfTime, ""},
	{"valid from that second", func(t *testing.T) sample { return sample{list: `a@example.org valid-after="202601010000Z" %s`} }, true, "", ""},
	{"not yet valid", func(t *testing.T) sample { return sample{list: `a@example.org valid-after="20260101000001Z" %s`} }, false, OutOfTime, ""},
	{"expired line, then a good one", func(t *testing.T) sample { return sample{list: "a@example.org valid-before=\"2020010100Z\" %s"} }, false, "usage", ""},
	{"two lines of one key", func(t *testing.T) sample { return sample{list: "b@example.org %[1]s\na@example.org %[1]s"} }, true, "", ""},
	{"authority line of the very key", func(t *testing.T) sample { return sample{list: "a@example.org cert-authority %s"} }, false, NotListed, ""},
	{"comment behind the key", func(t *testing.T) sample { return sample{list: "a@example.org %s work laptop"} }, true, "", ""},
	{"comments and blank lines", func(t *testing.T) sample { return sample{list: "# team\n\n   \n  # more\n\ta@example.org\t%s\n"} }, true, "", ""},
	{"CRLF", func(t *testing.T) sample { return sample{list: "# team\r\na@example.org %s\r\n"} }, true, "", ""},
	{"revoked", func(t *testing.T) sample { return sample{revoked: "# left\n%s"} }, false, Revoked, ""},
	{"another key revoked", func(t *testing.T) sample { return sample{revoked: authorized(ed25519Key(t).PublicKey())} }, true, "", ""},
	{"message changed", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "message", "massage", 1) }}
	}, false, BadSignature, ""},
	{"tree changed", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "tree 4b8", "tree 4b9", 1) }}
	}, false, BadSignature, ""},
	{"parent added", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string {
			return strings.Replace(raw, "\nauthor", "\nparent "+strings.Repeat("1", 40)+"\nauthor", 1)
		}}
	}, false, BadSignature, ""},
	{"committer changed", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "committer A", "committer B", 1) }}
	}, false, BadSignature, ""},
	{"header added", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "\ngpgsig", "\nencoding x\ngpgsig", 1) }}
	}, false, BadSignature, ""},
	{"signature taken out", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string {
			start, end := strings.Index(raw, "gpgsig"), strings.Index(raw, "-----END SSH SIGNATURE-----\n")
			return raw[:start] + raw[end+len("-----END SSH SIGNATURE-----\n"):]
		}}
	}, false, Unsigned, ""},
	{"two signatures", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "\ngpgsig", "\n"+header(raw)+"gpgsig", 1) }}
	}, true, Malformed, "git reads the first and drops the rest"},
	{"a signature of the other hash beside it", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "\ngpgsig", "\ngpgsig-sha256 x\ngpgsig", 1) }}
	}, true, Malformed, "unsigned bytes have no place in a signed commit"},
	{"signature under the other hash's name", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "\ngpgsig ", "\ngpgsig-sha256 ", 1) }}
	}, false, Malformed, ""},
	{"signature header without a blank", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "\ngpgsig ", "\ngpgsig\n ", 1) }}
	}, false, Malformed, ""},
	{"a header that begins with gpgsig", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "\ngpgsig", "\ngpgsigx evil\ngpgsig", 1) }}
	}, true, Malformed, "git leaves it out of what is signed"},
	{"bytes behind the armour", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string {
			return strings.Replace(raw, "-----END SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n evil\n", 1)
		}}
	}, true, Malformed, "ssh-keygen reads no further"},
	{"bytes before the armour", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string {
			return strings.Replace(raw, "gpgsig -----BEGIN", "gpgsig evil\n -----BEGIN", 1)
		}}
	}, false, Malformed, ""},
	{"base64 broken", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string { return strings.Replace(raw, "\n -----END", "\n !\n -----END", 1) }}
	}, false, Malformed, ""},
	{"line ends of the armour", func(t *testing.T) sample {
		return sample{mangle: func(raw string) string {
			return strings.Replace(raw, "SSH SIGNATURE-----\n ", "SSH SIGNATURE-----\r\n ", 1)
		}}
	}, false, Malformed, ""},
}

func header(raw string) string {
	start, end := strings.Index(raw, "gpgsig"), strings.Index(raw, "-----END SSH SIGNATURE-----\n")
	return raw[start : end+len("-----END SSH SIGNATURE-----\n")]
}

func TestAgainstGit(t *testing.T) {
	repo := gittest.New(t)
	repo.Git("config", "gpg.format", "ssh")
	for _, tt := range differential {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.make(t).complete(t)
			raw := s.raw(t)
			git := byGit(t, repo, s, raw)
			if git != tt.git {
				t.Errorf("git accepts: %v, the table says %v", git, tt.git)
			}
			reason := byUs(t, s, raw)
			if reason != tt.ours {
				t.Errorf("we say %q, want %q", reason, tt.ours)
			}
			if reason == "" && !git {
				t.Error("we accept what git refuses")
			}
			if (reason == "") != git && tt.stray == "" {
				t.Error("we differ from git without a reason")
			}
		})
	}
}

func (s sample) complete(t *testing.T) sample {
	if s.signer == nil {
		s.signer = ed25519Key(t)
	}
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&s.email, "a@example.org")
	set(&s.namespace, "git")
	set((*string)(&s.hash), string(sshsig.HashSHA512))
	set(&s.list, "a@example.org %s")
	key := authorized(s.signer.PublicKey())
	for _, text := range []*string{&s.list, &s.revoked} {
		if strings.Contains(*text, "%") {
			*text = fmt.Sprintf(*text, key)
		}
	}
	return s
}

// raw is the commit object: of the empty tree, signed in Go.
func (s sample) raw(t *testing.T) string {
	who := fmt.Sprintf("A <%s> %d +0100", s.email, commitTime)
	payload := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor " + who + "\ncommitter " + who + "\n\nmessage\n\nbody\n"
	raw := withSignature(payload, armored(t, payload, s.signer, s.namespace, s.hash))
	if s.mangle == nil {
		return raw
	}
	mangled := s.mangle(raw)
	if mangled == raw {
		t.Fatal("the case does not change the commit")
	}
	return mangled
}

func byGit(t *testing.T, repo *gittest.Repo, s sample, raw string) bool {
	t.Helper()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{"-c", "gpg.ssh.allowedSignersFile=" + file("allowed", s.list)}
	if s.revoked != "" {
		args = append(args, "-c", "gpg.ssh.revocationFile="+file("revoked", s.revoked))
	}
	out, err := repo.Try(append(args, "verify-commit", "-v", repo.Store(raw))...)
	t.Logf("git: %s", out)
	return err == nil
}

// byUs is the reason of our refusal, "" if we accept, "usage" if the list
// cannot be read.
func byUs(t *testing.T, s sample, raw string) Reason {
	t.Helper()
	signers, err := ParseAllowedSigners("allowed", []byte(s.list))
	if err == nil && s.revoked != "" {
		err = signers.Revoke("revoked", []byte(s.revoked))
	}
	if err != nil {
		t.Logf("ours: %v", err)
		return "usage"
	}
	sig, err := VerifyCommit([]byte(raw), signers, Policy{}, time.Unix(commitTime, 0))
	var refusal *Refusal
	if errors.As(err, &refusal) {
		t.Logf("ours: %s: %s", refusal.Reason, refusal.Text)
		if len(refusal.Hints) == 0 {
			t.Error("the refusal has no hint")
		}
		return refusal.Reason
	}
	if err != nil {
		t.Fatalf("not a refusal: %v", err)
	}
	if sig.Committer != s.email || sig.Fingerprint != ssh.FingerprintSHA256(s.signer.PublicKey()) || sig.Line == 0 {
		t.Errorf("signature %+v", sig)
	}
	return ""
}

// A commit that git itself signed, with each kind of key that it can make.
func TestCommitsSignedByGit(t *testing.T) {
	for _, args := range [][]string{{"-t", "ed25519"}, {"-t", "ecdsa"}, {"-t", "rsa", "-b", "3072"}} {
		key := gittest.NewKey(t, "ann", args...)
		repo := gittest.New(t)
		repo.Write("a", "1")
		repo.Commit("one", key)
		id := repo.Commit("Umlaute äöü\n\n-----BEGIN SSH SIGNATURE-----\ngpgsig in the message\n", key)
		signers, err := ParseAllowedSigners("list", []byte(gittest.Signers(key)))
		if err != nil {
			t.Fatal(err)
		}
		sig, err := VerifyCommit([]byte(repo.Raw(id)), signers, Policy{}, time.Now())
		if err != nil || sig.Committer != key.Email || sig.Hardware {
			t.Errorf("%s: %+v, %v", args[1], sig, err)
		}
	}
}

// ssh-keygen is the oracle for lists that it refuses to read, and for the
// principals that it finds.
func TestListsAgainstSSHKeygen(t *testing.T) {
	key := gittest.NewKey(t, "ann")
	other := gittest.NewKey(t, "bob")
	k := strings.TrimSpace(key.Public)
	words := strings.Fields(k)
	lists := map[string]string{
		"plain":                      "ann@example.org " + k,
		"unknown option":             "ann@example.org no-touch-required " + k,
		"unknown option with value":  `ann@example.org from="x" ` + k,
		"flag with a value":          `ann@example.org cert-authority="x" ` + k,
		"value without quotes":       "ann@example.org namespaces=git " + k,
		"value not closed":           `ann@example.org namespaces="git ` + k,
		"option twice":               `ann@example.org namespaces="git",namespaces="git" ` + k,
		"comma at the end":           `ann@example.org namespaces="git", ` + k,
		"comma missing":              `ann@example.org namespaces="git"valid-after="20200101" ` + k,
		"blank in a value":           `ann@example.org namespaces="git, file" ` + k,
		"quote in a value":           `ann@example.org namespaces="gi\"t" ` + k,
		"time without end":           `ann@example.org valid-after="2020" ` + k,
		"time of month 13":           `ann@example.org valid-after="20201301" ` + k,
		"time with zone":             `ann@example.org valid-after="20200101Z" ` + k,
		"before not after after":     `ann@example.org valid-after="20210101",valid-before="20200101" ` + k,
		"both at once":               `ann@example.org valid-after="20210101",valid-before="20210101" ` + k,
		"no key":                     "ann@example.org",
		"no key after options":       `ann@example.org namespaces="git"`,
		"key cut off":                "ann@example.org " + k[:len(k)-8],
		"type is another":            "ann@example.org ssh-rsa " + words[1],
		"principal only quoted":      `"ann@example.org" ` + k,
		"principal quote not closed": `"ann@example.org ` + k,
		"no principal":               k,
		"many blanks":                "  ann@example.org \t  namespaces=\"git\"   " + k,
		"good line, then a bad one":  "ann@example.org " + k + "\nbroken",
		"bad line, then a good one":  "broken\nann@example.org " + k,
		"foreign line first":         "bob@example.org " + other.Public + "\nann@example.org " + k,
		"empty options":              `ann@example.org namespaces="" ` + k,
		"CRLF":                       "ann@example.org " + k + "\r",
		"CRLF and options":           "ann@example.org namespaces=\"git\" " + k + "\r",
	}
	message := filepath.Join(t.TempDir(), "message")
	if err := os.WriteFile(message, []byte("m"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", key.Path, message).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raw := commitBy(t, key.Signer, "ann@example.org")
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "list")
			if err := os.WriteFile(file, []byte(list+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("ssh-keygen", "-Y", "verify", "-n", "git", "-I", "ann@example.org", "-f", file, "-s", message+".sig")
			cmd.Stdin = strings.NewReader("m")
			out, err := cmd.CombinedOutput()
			theirs := err == nil
			signers, err := ParseAllowedSigners("list", []byte(list+"\n"))
			ours := false
			if err == nil {
				_, err = VerifyCommit([]byte(raw), signers, Policy{}, time.Now())
				ours = err == nil
			}
			// Only a bad line beside a good one may set us apart: a list that
			// cannot be read in full admits nobody.
			stricter := theirs && (name == "good line, then a bad one" || name == "bad line, then a good one")
			if ours != theirs && !stricter {
				t.Errorf("ours %v (%v), ssh-keygen %v: %s", ours, err, theirs, out)
			}
		})
	}
}

func commitBy(t testing.TB, signer ssh.Signer, email string) string {
	t.Helper()
	who := fmt.Sprintf("A <%s> %d +0000", email, commitTime)
	payload := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor " + who + "\ncommitter " + who + "\n\nmessage\n"
	return withSignature(payload, armored(t, payload, signer, "git", sshsig.HashSHA512))
}
