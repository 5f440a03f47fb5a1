package livesecrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

const (
	window     = MinLength // bytes that the filter looks at
	filterBits = 12
	filterSize = 1 << filterBits
	prefixSize = 64 // bytes that the prefix digest covers at most
	macSize    = sha256.Size
)

// keys are the three keys that come of the session's one.
type keys struct {
	mask, factor uint64 // of the filter; factor is odd
	sip0, sip1   uint64
	mac          []byte
}

func keysOf(key []byte) keys {
	derive := func(purpose string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte("clawql livesecrets " + purpose))
		return h.Sum(nil)
	}
	filter, prefix := derive("filter"), derive("prefix")
	return keys{
		mask: binary.LittleEndian.Uint64(filter), factor: binary.LittleEndian.Uint64(filter[8:]) | 1,
		sip0: binary.LittleEndian.Uint64(prefix), sip1: binary.LittleEndian.Uint64(prefix[8:]),
		mac: derive("mac"),
	}
}

func (k *keys) entry(name string, form Form, text []byte) Entry {
	return Entry{
		Name: name, Form: form, Length: len(text),
		Filter: uint16(k.filter(binary.BigEndian.Uint64(text))), Prefix: k.prefix(text), MAC: k.sum(text),
	}
}

// filter hashes a window of 8 bytes to 12 bits: multiply and shift.
func (k *keys) filter(window uint64) uint64 { return (window ^ k.mask) * k.factor >> (64 - filterBits) }

func (k *keys) prefix(text []byte) uint32 {
	return uint32(sipHash(k.sip0, k.sip1, text[:min(len(text), prefixSize)]))
}

func (k *keys) sum(text []byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	h.Write(text)
	return h.Sum(nil)
}

// sipHash is SipHash-2-4 (Aumasson and Bernstein, 2012), 64 bits.
func sipHash(k0, k1 uint64, text []byte) uint64 {
	v0, v1, v2, v3 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d, k0^0x6c7967656e657261, k1^0x7465646279746573
	last := uint64(len(text)) << 56
	for ; len(text) >= 8; text = text[8:] {
		m := binary.LittleEndian.Uint64(text)
		v3 ^= m
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= m
	}
	for i, b := range text {
		last |= uint64(b) << (8 * i)
	}
	v3 ^= last
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xff
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 += v3
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 += v1
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}
