package sshsign

import (
	"crypto/rsa"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// minRSA is the shortest RSA key that counts, in bits.
const minRSA = 2048

// The flags of a security key's signature (OpenSSH's PROTOCOL.u2f).
const (
	flagTouched  = 0x01
	flagVerified = 0x04
)

func isHardware(keyType string) bool { return strings.HasPrefix(keyType, "sk-") }

func describe(sig *sshsig.Signature) Signature {
	out := Signature{
		KeyType:     sig.PublicKey.Type(),
		Fingerprint: ssh.FingerprintSHA256(sig.PublicKey),
		Hardware:    isHardware(sig.PublicKey.Type()),
	}
	if out.Hardware && len(sig.Signature.Rest) > 0 {
		out.Touched = sig.Signature.Rest[0]&flagTouched != 0
		out.UserVerified = sig.Signature.Rest[0]&flagVerified != 0
	}
	return out
}

func strongEnough(key ssh.PublicKey) error {
	public, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return Refuse(WeakKey, "its key of type %q cannot be judged", key.Type())
	}
	if k, ok := public.CryptoPublicKey().(*rsa.PublicKey); ok && k.N.BitLen() < minRSA {
		return Refuse(WeakKey, "its RSA key has %d bits; at least %d are needed", k.N.BitLen(), minRSA)
	}
	return nil
}

func (p Policy) check(s Signature) error {
	switch {
	case (p.RequireHardware || p.RequireTouch || p.RequireVerification) && !s.Hardware:
		return Refuse(NoHardware, "it is signed with a key of type %s; a security key (sk-*) is required", s.KeyType)
	case p.RequireTouch && !s.Touched:
		return Refuse(NoTouch, "its security key was used without a touch")
	case p.RequireVerification && !s.UserVerified:
		return Refuse(NotVerified, "its security key did not ask for PIN or biometry")
	}
	return nil
}

// admit finds a line that lets key sign for email at the time at. Among the
// lines that hold the key, the refusal names the one that came nearest.
func (a *AllowedSigners) admit(key ssh.PublicKey, wire, email string, at time.Time) (Signer, error) {
	if a.revoked[wire] {
		return Signer{}, Refuse(Revoked, "its key %s is revoked", ssh.FingerprintSHA256(key))
	}
	var nearest *Refusal
	for _, s := range a.signers {
		if s.CertAuthority || s.wire != wire {
			continue
		}
		no := s.admits(email, at)
		if no == nil {
			return s, nil
		}
		if nearest == nil || nearest.Reason == WrongCommitter {
			nearest = no
		}
	}
	if nearest == nil {
		nearest = Refuse(NotListed, "its key %s (%s) is not among the allowed signers", ssh.FingerprintSHA256(key), key.Type())
	}
	return Signer{}, nearest
}

func (s Signer) admits(email string, at time.Time) *Refusal {
	finger := ssh.FingerprintSHA256(s.Key)
	switch {
	case email == "" || !matchList(email, s.Principals):
		return Refuse(WrongCommitter, "its committer is %s, but its key %s stands for %s", email, finger, s.Principals)
	case s.Namespaces != "" && !matchList(namespace, s.Namespaces):
		return Refuse(NotPermitted, "its key %s is listed for %q only, not for %q", finger, s.Namespaces, namespace)
	case !s.ValidAfter.IsZero() && at.Before(s.ValidAfter):
		return Refuse(OutOfTime, "its key %s counts from %s on, and it was made at %s", finger, stamp(s.ValidAfter), stamp(at))
	case !s.ValidBefore.IsZero() && at.After(s.ValidBefore):
		return Refuse(OutOfTime, "its key %s counted until %s, and it was made at %s", finger, stamp(s.ValidBefore), stamp(at))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Revoke takes keys out: data is a list of public keys, one a line, as
// gpg.ssh.revocationFile may be. A binary key revocation list (KRL) is
// refused. name is for errors, which are of kind fault.Usage.
func (a *AllowedSigners) Revoke(name string, data []byte) error {
	if strings.HasPrefix(string(data), "SSHKRL") {
		return fault.Usage("read revoked keys %s: it is a binary revocation list; allowed is a list of public keys, one a line", name)
	}
	revoked := map[string]bool{}
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, _, err := parseKey(line)
		if err != nil {
			return fault.Usage("read revoked keys %s: line %d: %w", name, i+1, err)
		}
		revoked[string(key.Marshal())] = true
	}
	a.revoked = revoked
	return nil
}
