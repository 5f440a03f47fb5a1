package sshsign

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// credential takes a security key's public key apart: its application, and the
// public key as a token writes it (a COSE key in canonical CBOR, CTAP2).
func credential(key ssh.PublicKey) (application string, cose []byte, err error) {
	switch key.Type() {
	case ssh.KeyAlgoSKED25519:
		var form struct {
			Type        string
			Key         []byte
			Application string
		}
		if err = ssh.Unmarshal(key.Marshal(), &form); err == nil {
			cose = append([]byte{0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20}, form.Key...)
		}
		return form.Application, cose, err
	case ssh.KeyAlgoSKECDSA256:
		var form struct {
			Type, Curve string
			Point       []byte
			Application string
		}
		if err = ssh.Unmarshal(key.Marshal(), &form); err == nil && len(form.Point) != 65 {
			err = fmt.Errorf("the key's point has %d bytes, not 65", len(form.Point))
		}
		if err == nil {
			cose = append([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, form.Point[1:33]...)
			cose = append(append(cose, 0x22, 0x58, 0x20), form.Point[33:]...)
		}
		return form.Application, cose, err
	}
	return "", nil, fmt.Errorf("a key of type %s is no FIDO security key and has no attestation", key.Type())
}

// cborBytes reads one CBOR byte string, and nothing behind it.
func cborBytes(data []byte) ([]byte, error) {
	bad := fmt.Errorf("the attestation's authenticator data is no CBOR byte string")
	if len(data) < 3 {
		return nil, bad
	}
	size, head := 0, 0
	switch data[0] {
	case 0x58:
		size, head = int(data[1]), 2
	case 0x59:
		size, head = int(binary.BigEndian.Uint16(data[1:])), 3
	default:
		return nil, bad
	}
	if len(data) != head+size {
		return nil, bad
	}
	return data[head:], nil
}

// The flags of authenticator data beside those of a signature (WebAuthn,
// section 6.1).
const flagAttested = 0x40

// authData is authenticator data with an attested credential.
type authData struct {
	flags byte
	model []byte // AAGUID
	id    []byte // of the credential
	point []byte // of an ECDSA key, as U2F signs it
}

// parseAuthData reads authenticator data, which must be about this application
// and this key.
func parseAuthData(data []byte, application string, cose []byte) (authData, error) {
	if len(data) < 55 {
		return authData{}, fmt.Errorf("the attestation's authenticator data is cut short")
	}
	a := authData{flags: data[32], model: data[37:53]}
	size := int(binary.BigEndian.Uint16(data[53:]))
	if rp := sha256.Sum256([]byte(application)); !bytes.Equal(data[:32], rp[:]) {
		return a, fmt.Errorf("the attestation is for another application than %q", application)
	}
	if a.flags&flagAttested == 0 || a.flags&flagTouched == 0 || len(data) < 55+size+len(cose) {
		return a, fmt.Errorf("the attestation names no key, or the token was not touched for it")
	}
	a.id = data[55 : 55+size]
	if !bytes.HasPrefix(data[55+size:], cose) {
		return a, fmt.Errorf("the attestation is about another key")
	}
	if len(cose) > 75 { // EC2: x after 10 bytes, y after 3 more
		a.point = bytes.Join([][]byte{{4}, cose[10:42], cose[45:]}, nil)
	}
	return a, nil
}
