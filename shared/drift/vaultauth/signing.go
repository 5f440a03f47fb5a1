package vaultauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
)

// signing is a key of a mount with an algorithm that it takes of that key.
type signing struct{ key, algorithm string }

// algorithms that the method jwt takes where its configuration names none.
var algorithms = []string{"ES256", "RS256", "RS384", "RS512", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"}

// algorithmsOf a public key or certificate in PEM: those it can sign with; all
// where that is not told.
func algorithmsOf(text string) []string {
	switch key := publicKey(text).(type) {
	case *rsa.PublicKey:
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		return []string{map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Curve.Params().BitSize]}
	case ed25519.PublicKey:
		return []string{"EdDSA"}
	}
	return algorithms
}

// publicKey in PEM, nil where there is none.
func publicKey(text string) any {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		return key
	}
	if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
		return cert.PublicKey
	}
	return nil
}

// signingRule: the token has to be signed in one of these ways. The zero
// signing is one that both sides take.
var signingRule = rule[[]signing, signing]{
	beyond: func(a, b []signing) (signing, reach) {
		for _, one := range a {
			if !slices.Contains(b, one) {
				return one, found
			}
		}
		return signing{}, none
	},
	within: func(a, b []signing) (signing, reach) {
		switch {
		case slices.ContainsFunc(a, func(one signing) bool { return slices.Contains(b, one) }):
			return signing{}, found
		case len(a) > 0:
			return a[0], found
		}
		return signing{}, none
	},
	set: func(l *Login, value signing) { l.JWT.Key, l.JWT.Algorithm = value.key, value.algorithm },
}

// cannotSign: the evaluator's own look at a key and an algorithm.
func cannotSign(text, algorithm string) bool {
	kind := fmt.Sprintf("%T", publicKey(text))
	if algorithm == "" || kind == "<nil>" {
		return false
	}
	want := map[byte]string{'R': "*rsa.PublicKey", 'P': "*rsa.PublicKey", 'E': "*ecdsa.PublicKey"}[algorithm[0]]
	if algorithm == "EdDSA" {
		want = "ed25519.PublicKey"
	}
	key, curved := publicKey(text).(*ecdsa.PublicKey)
	return kind != want || curved && fmt.Sprintf("ES%d", min(512, key.Curve.Params().BitSize)) != algorithm
}
