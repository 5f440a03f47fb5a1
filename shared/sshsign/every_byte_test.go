package sshsign

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// signedTag is a tag object as git writes it.
func signedTag(t testing.TB) []byte {
	payload := "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1\n" +
		fmt.Sprintf("tagger A <a@example.org> %d +0000\n\nversion one\n", commitTime)
	return []byte(payload + armored(t, payload, skEd25519(t, 5), "git", sshsig.HashSHA512))
}

// No byte of a commit or a tag can be changed, left out or put in: what is
// still accepted differs in the armour only, in which the signature is the same.
func TestEveryByteCounts(t *testing.T) {
	commit := []byte(commitBy(t, skECDSA(t, 5), "a@example.org"))
	for name, tt := range map[string]struct {
		raw     []byte
		inspect func([]byte) (Signed, error)
		armour  int // where it begins
		end     int
	}{
		"commit": {commit, Inspect, bytes.Index(commit, []byte("gpgsig ")), bytes.Index(commit, []byte("\n\n"))},
		"tag":    {signedTag(t), InspectTag, 0, 0},
	} {
		if tt.end == 0 {
			tt.armour, tt.end = bytes.Index(tt.raw, []byte("-----BEGIN")), len(tt.raw)
		}
		good, err := tt.inspect(tt.raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for at := range tt.raw {
			for _, change := range []func() []byte{
				func() []byte { c := bytes.Clone(tt.raw); c[at] ^= 1; return c },
				func() []byte { c := bytes.Clone(tt.raw); c[at] = '\n'; return c },
				func() []byte { return append(bytes.Clone(tt.raw[:at]), tt.raw[at+1:]...) },
				func() []byte { return append(append(bytes.Clone(tt.raw[:at]), 0), tt.raw[at:]...) },
			} {
				changed := change()
				if bytes.Equal(changed, tt.raw) {
					continue
				}
				got, err := tt.inspect(changed)
				inArmour := at >= tt.armour && at < tt.end
				if err == nil && (!inArmour || got.wire != good.wire || got.Touched != good.Touched || got.UserVerified != good.UserVerified) {
					t.Errorf("%s: accepted with a change at byte %d of %d (%q)", name, at, len(tt.raw), tt.raw[max(0, at-8):min(len(tt.raw), at+8)])
				}
			}
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte(commitBy(f, ed25519Key(f), "a@example.org")), true)
	f.Add(signedTag(f), false)
	f.Add([]byte("tree x\nparent y\nauthor <> 1 +0\ncommitter <> 1 +0\ngpgsig -----BEGIN SSH SIGNATURE-----\n\nm"), true)
	f.Fuzz(func(t *testing.T, raw []byte, isCommit bool) {
		inspect := InspectTag
		if isCommit {
			inspect = Inspect
		}
		got, err := inspect(raw)
		if err == nil && (got.wire == "" || got.Committer == "" && bytes.Contains(raw, []byte("<>")) == false) {
			t.Errorf("accepted as %+v", got)
		}
		if err != nil && reasonOf(err) == "" {
			t.Errorf("no refusal: %v", err)
		}
	})
}

func FuzzAttestation(f *testing.F) {
	key := skEd25519(f, 5).PublicKey()
	form := struct {
		Magic                            string
		Certificate, Signature, AuthData []byte
		Flags                            uint32
		Reserved                         []byte
	}{"ssh-sk-attest-v01", nil, nil, append([]byte{0x58, 200}, make([]byte, 200)...), 0, nil}
	f.Add(ssh.Marshal(form))
	f.Fuzz(func(t *testing.T, attestation []byte) {
		if a, err := VerifyAttestation(key, attestation, nil, nil, time.Unix(commitTime, 0)); err == nil {
			t.Errorf("a key that was never attested is: %+v", a)
		}
	})
}
