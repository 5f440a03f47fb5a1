// Package envelope joins the address of an upstream to the session id that the
// upstream gave out, in the format of Envoy's envelope stateful session
// (envoy.extensions.http.stateful_session.envelope.v3, header mode):
//
//	base64(address);UV:base64(id)
package envelope

import (
	"encoding/base64"
	"strings"
)

const upstreamValue = "UV:"

// Seal makes the session id that the client sees. Both parts must be non-empty.
func Seal(address, id string) string {
	return encode(address) + ";" + upstreamValue + encode(id)
}

// Open takes a client's session id apart. As in Envoy, the address comes first
// and the UV part is the first one that begins so; false means that the value
// is no envelope and must travel on unchanged.
func Open(value string) (address, id string, ok bool) {
	first, rest, found := strings.Cut(value, ";")
	if !found {
		return "", "", false
	}
	for part := range strings.SplitSeq(rest, ";") {
		if sealed, isUV := strings.CutPrefix(part, upstreamValue); isUV {
			address, id = decode(first), decode(sealed)
			return address, id, address != "" && id != ""
		}
	}
	return "", "", false
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func decode(s string) string {
	plain, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return ""
	}
	return string(plain)
}
