package sshsign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
)

// Attestation is what a security key's maker says about a key, as far as it
// was checked.
type Attestation struct {
	// Self is an attestation that the key signed itself: it shows possession,
	// and nothing about hardware.
	Self bool
	// Maker is the subject of the certificate that signed; "" for Self.
	Maker string
	// Root is the subject of the root that vouches for Maker; "" when no root
	// was given, and then nobody does.
	Root string
	// Model is the AAGUID of the token's model, hex; zeros for U2F.
	Model string
	// UserVerified says that the token asked for PIN or biometry at enrolment.
	UserVerified bool
}

// ParseRoots reads the certificates (PEM) that a project accepts as roots.
func ParseRoots(name string, text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("read attestation roots %s: after certificate %d comes something that is none (PEM)", name, len(all))
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read attestation roots %s: certificate %d: %w", name, len(all)+1, err)
		}
		all, text = append(all, one), rest
	}
	return all, nil
}

// VerifyAttestation checks what `ssh-keygen -O write-attestation` wrote for key
// (OpenSSH's PROTOCOL.u2f, ssh-sk-attest-v01): that it is about this key, that
// it answers challenge, and that its certificate signed it; with roots also
// that one of them vouches for the certificate at the time at. Whether the
// certificate was withdrawn is not looked up anywhere.
func VerifyAttestation(key ssh.PublicKey, attestation, challenge []byte, roots []*x509.Certificate, at time.Time) (Attestation, error) {
	application, cose, err := credential(key)
	if err != nil {
		return Attestation{}, err
	}
	var form struct {
		Magic                            string
		Certificate, Signature, AuthData []byte
		Flags                            uint32
		Reserved                         []byte
	}
	if err := ssh.Unmarshal(attestation, &form); err != nil || form.Magic != "ssh-sk-attest-v01" {
		return Attestation{}, fmt.Errorf("the attestation is not of the form ssh-sk-attest-v01 (OpenSSH 8.4 or later)")
	}
	data, err := cborBytes(form.AuthData)
	if err != nil {
		return Attestation{}, err
	}
	auth, err := parseAuthData(data, application, cose)
	if err != nil {
		return Attestation{}, err
	}
	out := Attestation{Model: hex.EncodeToString(auth.model), UserVerified: auth.flags&flagVerified != 0}
	client := sha256.Sum256(challenge)
	packed := append(bytes.Clone(data), client[:]...)
	if len(form.Certificate) == 0 {
		out.Self = true
		return out, verifySelf(key, packed, form.Signature)
	}
	u2f := bytes.Join([][]byte{{0}, data[:32], client[:], auth.id, auth.point}, nil)
	return out, out.byCertificate(form.Certificate, form.Signature, packed, u2f, auth.model, roots, at)
}

func (a *Attestation) byCertificate(der, signature, packed, u2f, model []byte, roots []*x509.Certificate, at time.Time) error {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("the attestation's certificate cannot be read: %w", err)
	}
	a.Maker = cert.Subject.String()
	algorithm := algorithmOf(cert)
	if cert.CheckSignature(algorithm, packed, signature) != nil && cert.CheckSignature(algorithm, u2f, signature) != nil {
		return fmt.Errorf("the attestation was not signed by its certificate (%s) for this key and this challenge", a.Maker)
	}
	if err := sameModel(cert, model); err != nil || len(roots) == 0 {
		return err
	}
	pool, middle := x509.NewCertPool(), x509.NewCertPool()
	for _, root := range roots {
		pool.AddCert(root)
	}
	chains, err := cert.Verify(x509.VerifyOptions{Roots: pool, Intermediates: middle, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return fmt.Errorf("none of the project's attestation roots vouches for %s: %w", a.Maker, err)
	}
	a.Root = chains[0][len(chains[0])-1].Subject.String()
	return nil
}

func algorithmOf(cert *x509.Certificate) x509.SignatureAlgorithm {
	switch cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return x509.ECDSAWithSHA256
	case *rsa.PublicKey:
		return x509.SHA256WithRSA
	case ed25519.PublicKey:
		return x509.PureEd25519
	}
	return x509.UnknownSignatureAlgorithm
}

// modelExtension is id-fido-gen-ce-aaguid (WebAuthn, section 8.2.1).
var modelExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}

func sameModel(cert *x509.Certificate, model []byte) error {
	for _, e := range cert.Extensions {
		if !e.Id.Equal(modelExtension) {
			continue
		}
		var says []byte
		if rest, err := asn1.Unmarshal(e.Value, &says); err != nil || len(rest) > 0 || !bytes.Equal(says, model) {
			return fmt.Errorf("the attestation's certificate is of another model of token than the key")
		}
	}
	return nil
}

// verifySelf checks a signature by the key itself.
func verifySelf(key ssh.PublicKey, message, signature []byte) error {
	public, _ := key.(ssh.CryptoPublicKey)
	ok := false
	if public != nil {
		switch k := public.CryptoPublicKey().(type) {
		case ed25519.PublicKey:
			ok = len(k) == ed25519.PublicKeySize && ed25519.Verify(k, message, signature)
		case *ecdsa.PublicKey:
			sum := sha256.Sum256(message)
			ok = ecdsa.VerifyASN1(k, sum[:], signature)
		}
	}
	if !ok {
		return fmt.Errorf("the attestation has no certificate, and was not signed by the key itself")
	}
	return nil
}
