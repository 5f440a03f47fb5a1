package sshsign

import (
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// A signature of a message of its own: by a listed key, for its namespace, in
// its time, with a touch, of exactly this message.
func TestDetached(t *testing.T) {
	const space, text = "clawql-drift-snapshot", "the message"
	key := skEd25519(t, 5)
	line := string(ssh.MarshalAuthorizedKey(key.PublicKey()))
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	good := armored(t, text, key, space, sshsig.HashSHA512)
	for name, c := range map[string]struct {
		list, text, armour string
		revoked            bool
		want               Reason
	}{
		"listed":            {"a@example.org " + line, text, good, false, ""},
		"for its namespace": {`a@example.org namespaces="git,clawql-*" ` + line, text, good, false, ""},
		"in its time":       {`a@example.org valid-after="20260101Z",valid-before="20270101Z" ` + line, text, good, false, ""},
		"a second line":     {`a@example.org namespaces="git" ` + line + "b@example.org " + line, text, good, false, ""},
		"nobody":            {"# none\n", text, good, false, NotListed},
		"for git only":      {`a@example.org namespaces="git" ` + line, text, good, false, NotPermitted},
		"too early":         {`a@example.org valid-after="20270101Z" ` + line, text, good, false, OutOfTime},
		"too late":          {`a@example.org valid-before="20260101Z" ` + line, text, good, false, OutOfTime},
		"an authority":      {"a@example.org cert-authority " + line, text, good, false, NotListed},
		"revoked":           {"a@example.org " + line, text, good, true, Revoked},
		"another message":   {"a@example.org " + line, text + ".", good, false, BadSignature},
		"another namespace": {"a@example.org " + line, text, armored(t, text, key, "git", sshsig.HashSHA512), false, WrongNamespace},
		"without a touch":   {"a@example.org " + line, text, armored(t, text, skEd25519(t, 4), space, sshsig.HashSHA512), false, NoTouch},
		"no signature":      {"a@example.org " + line, text, "", false, Malformed},
	} {
		list := mustList(t, c.list)
		if c.revoked {
			if err := list.Revoke("revoked", []byte(line)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := list.Detached([]byte(c.text), []byte(c.armour), space, at)
		if (err == nil) != (c.want == "") || err != nil && reasonOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
