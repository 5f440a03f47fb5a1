// Package livesecrets tells whether a text holds one of the secrets that are
// live in a vault session, without knowing them.
//
// The session makes a Set from a key and the values; the commit hook fetches
// the Set over the session's socket and calls Find. A Set has no values: for
// each it has the name, the length, and three keyed digests.
//
//   - Filter: 12 bits of a hash of the first 8 bytes. One pass over the text
//     serves all secrets; one place in 4096 passes by chance for each of them.
//   - Prefix: 32 bits of SipHash-2-4 of the first 64 bytes.
//   - MAC: HMAC-SHA256 of the whole value. Only its word is a hit.
//
// Find reads the text as it is and through its usual disguises: base64 and
// base64url at every alignment, also wrapped over lines; hex of both cases,
// also wrapped; percent-encoding; the backslash escapes of JSON, YAML and
// programming languages; entities of XML; doubled quotes; UTF-16; lines that
// were indented or got other line ends; and these in one another up to three
// deep (the `auth` of a Docker config in a Kubernetes Secret is base64 in JSON
// in base64). Decoding the text, and not encoding the secret, finds every
// spelling of a disguise and keeps the Set at one row of digests a secret.
//
// # What a Set tells whoever gets it
//
// The names, how many there are, the length of each, and which of them are
// equal. It also lets them test guesses on their own machine, at the speed of
// SipHash and HMAC: a value that can be guessed (a short password, a word)
// must be taken as known; one of 128 random bits stays out of reach. The
// filter shortens the search for the rest of a value by 12 bits at most, since
// it looks at its first 8 bytes alone, and it is the only digest of a part of
// a value of up to 64 bytes. A longer value's first 64 bytes can be guessed
// apart from its rest.
//
// Hence: the key is made for one session and dies with it, so that no two
// sessions' Sets can be compared and none is of use later; and the Set leaves
// the session over the peer-checked socket only, is never written to a file,
// and is never logged.
//
// # What is not in a Set
//
// See Omission: values below 8 bytes, values of fewer than five different
// bytes, and a short list of words such as "localhost". A text holds such a
// value by accident all the time, and a digest of it could be reversed by
// trying all of them. What cuts a value in two, compresses or encrypts it is
// not found.
package livesecrets
