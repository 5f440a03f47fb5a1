package vaultauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
)

// keyring has, for each drawn name, keys of every kind.
type keyring struct {
	texts   map[string][]string      // PEM, by the drawn name
	signers map[string]crypto.Signer // by keyNames
}

func newKeyring(t *testing.T) *keyring {
	t.Helper()
	k := &keyring{map[string][]string{}, map[string]crypto.Signer{}}
	for _, name := range []string{"key one", "key two", "key three"} {
		var signers []crypto.Signer
		for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
			key, err := ecdsa.GenerateKey(curve, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			signers = append(signers, key)
		}
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		_, edwards, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, signer := range append(signers, key, edwards) {
			der, err := x509.MarshalPKIXPublicKey(signer.Public())
			if err != nil {
				t.Fatal(err)
			}
			text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			k.texts[name] = append(k.texts[name], text)
			k.signers[keyNames([]string{text})[0]] = signer
		}
	}
	return k
}

// fits says whether a key can sign with an algorithm.
func fits(signer crypto.Signer, algorithm string) bool {
	switch key := signer.(type) {
	case *ecdsa.PrivateKey:
		return algorithm == map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Curve.Params().BitSize]
	case *rsa.PrivateKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	}
	return algorithm == "EdDSA"
}

// signed is a JWT.
func signed(t *testing.T, signer crypto.Signer, algorithm string, claims table) string {
	t.Helper()
	var parts []string
	for _, part := range []any{table{"alg": algorithm, "typ": "JWT"}, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	content := strings.Join(parts, ".")
	return content + "." + base64.RawURLEncoding.EncodeToString(signature(t, signer, algorithm, []byte(content)))
}

func signature(t *testing.T, signer crypto.Signer, algorithm string, content []byte) []byte {
	t.Helper()
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	var digest []byte
	if hash != 0 {
		h := hash.New()
		h.Write(content)
		digest = h.Sum(nil)
	}
	var made []byte
	var err error
	switch key := signer.(type) {
	case *ecdsa.PrivateKey:
		r, s, failed := ecdsa.Sign(rand.Reader, key, digest)
		if err = failed; err == nil {
			size := (key.Curve.Params().BitSize + 7) / 8
			made = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
	case *rsa.PrivateKey:
		if strings.HasPrefix(algorithm, "PS") {
			made, err = rsa.SignPSS(rand.Reader, key, hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			made, err = rsa.SignPKCS1v15(rand.Reader, key, hash, digest)
		}
	case ed25519.PrivateKey:
		made = ed25519.Sign(key, content)
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}
