package sshsign

import (
	"bytes"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Detached checks a signature in its armour (`ssh-keygen -Y sign -n space`) of
// message. It counts if a line of the list holds its key, admits the namespace
// space and is valid at the time at; which principal a line names does not
// matter, since a message of its own has no author beside its key. The line is
// returned. A signature that does not count is a *Refusal.
func (a *AllowedSigners) Detached(message, armored []byte, space string, at time.Time) (Signer, error) {
	sig, err := unarmor(armored)
	if err != nil {
		return Signer{}, err
	}
	if err := detached(message, sig, space); err != nil {
		return Signer{}, err
	}
	wire, finger := string(sig.PublicKey.Marshal()), ssh.FingerprintSHA256(sig.PublicKey)
	if a.revoked[wire] {
		return Signer{}, Refuse(Revoked, "its key %s is revoked", finger)
	}
	refusal := Refuse(NotListed, "its key %s (%s) is not among the allowed signers", finger, sig.PublicKey.Type())
	for _, s := range a.signers {
		if s.CertAuthority || s.wire != wire {
			continue
		}
		if refusal = s.counts(space, at); refusal == nil {
			return s, nil
		}
	}
	return Signer{}, refusal
}

func detached(message []byte, sig *sshsig.Signature, space string) error {
	if _, cert := sig.PublicKey.(*ssh.Certificate); cert {
		return Refuse(Certificate, "it is signed with an SSH certificate; list the signers' own keys instead")
	}
	if err := strongEnough(sig.PublicKey); err != nil {
		return err
	}
	if sig.Namespace != space {
		return Refuse(WrongNamespace, "its signature was made for %q, not for %q", sig.Namespace, space)
	}
	if isHardware(sig.PublicKey.Type()) && sig.Signature.Rest[0]&flagTouched == 0 {
		return Refuse(NoTouch, "its security key was used without a touch")
	}
	if err := sshsig.Verify(bytes.NewReader(message), sig, sig.PublicKey, sig.HashAlgorithm, space); err != nil {
		return Refuse(BadSignature, "its signature does not belong to its content (%v)", err)
	}
	return nil
}

// counts is nil if the line admits the namespace and the time.
func (s Signer) counts(space string, at time.Time) *Refusal {
	finger := ssh.FingerprintSHA256(s.Key)
	switch {
	case s.Namespaces != "" && !matchList(space, s.Namespaces):
		return Refuse(NotPermitted, "its key %s is listed for %q only, not for %q", finger, s.Namespaces, space)
	case !s.ValidAfter.IsZero() && at.Before(s.ValidAfter):
		return Refuse(OutOfTime, "its key %s counts from %s on", finger, stamp(s.ValidAfter))
	case !s.ValidBefore.IsZero() && at.After(s.ValidBefore):
		return Refuse(OutOfTime, "its key %s counted until %s", finger, stamp(s.ValidBefore))
	}
	return nil
}
