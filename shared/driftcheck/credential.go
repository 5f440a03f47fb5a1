package driftcheck

import "strings"

// credentialWords name a value that lets whoever has it in. They are looked for
// in a name without its case, hyphens, underscores and dots.
var credentialWords = []string{
	"password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "accesskey", "privatekey", "signingkey", "encryptionkey",
	"hmackey", "masterkey", "keydata", "kubeconfig", "authorization", "bearer", "cookie", "dockerconfig", "connectionstring", "webhookurl",
}

// credentialEnds are such words that mean something else in the middle of one.
var credentialEnds = []string{"pass", "pwd", "dsn", "psk"}

// aboutEnds say that a name is of something about a credential: where it is,
// what it is called, how long it lives.
var aboutEnds = []string{
	"name", "ref", "file", "path", "dir", "id", "namespace", "type", "kind", "mode", "policy", "enabled", "required", "audience", "issuer", "url", "uri", "endpoint",
	"ttl", "seconds", "expiration", "expiry", "duration", "interval", "period", "length", "size", "header", "claim", "class", "version", "algorithm", "format", "store", "provider",
}

// longestName is how much of a name is looked at, in bytes from its end.
const longestName = 128

// isCredential says whether the value under a name (of a variable, a field, a
// header, a flag, a key of a ConfigMap) has to be kept from being shown.
func isCredential(name string) bool {
	if len(name) > longestName {
		name = name[len(name)-longestName:]
	}
	var buffer [longestName]byte
	plain := buffer[:0]
	for _, c := range []byte(name) {
		switch {
		case c == '-' || c == '_' || c == '.' || c == ' ':
			continue
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		plain = append(plain, c)
	}
	text := string(plain)
	if strings.HasSuffix(text, "webhookurl") || strings.HasSuffix(text, "databaseurl") {
		return true
	}
	return !endsWith(text, aboutEnds) && (containsAny(text, credentialWords) || endsWith(text, credentialEnds))
}

func containsAny(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

func endsWith(text string, ends []string) bool {
	for _, end := range ends {
		if strings.HasSuffix(text, end) {
			return true
		}
	}
	return false
}

// credentialStarts are how credentials begin that show what they are: ClawQL's
// own (shared/domain), those of forges, clouds and chats, and headers.
var credentialStarts = []string{
	"cqk_", "clawql-vk-", "mca_", "mcr_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "xapp-",
	"AKIA", "ASIA", "AIza", "sk-", "sk_live_", "rk_live_", "hvs.", "hvb.", "npm_", "dckr_pat_", "eyJ", "Bearer ", "Basic ",
}

// leastCredential is how long a text is at least that shows what it is, in
// bytes: what follows a start in it is that long, without the start.
const leastCredential = 12

// holdsCredential says whether a text shows by itself that it is a credential,
// or has one in it: a token, a private key, a URL with a password.
func holdsCredential(text string) bool {
	if len(text) <= leastCredential {
		return false
	}
	if strings.Contains(text, "-----BEGIN ") && strings.Contains(text, "PRIVATE KEY") || withPassword(text) {
		return true
	}
	for i := range len(text) - leastCredential {
		if startBytes[text[i]] && (i == 0 || !tokenByte(text[i-1])) && starts(text[i:]) {
			return true
		}
	}
	return false
}

// startBytes are the first bytes of credentialStarts.
var startBytes = func() (first [256]bool) {
	for _, start := range credentialStarts {
		first[start[0]] = true
	}
	return first
}()

// starts says whether a text begins as a credential does, and goes on as one.
func starts(text string) bool {
	for _, start := range credentialStarts {
		if rest, is := strings.CutPrefix(text, start); is && tokenLength(rest) >= leastCredential {
			return true
		}
	}
	return false
}

// withPassword says whether a URL in the text has a password: scheme://a:b@.
func withPassword(text string) bool {
	for {
		_, rest, has := strings.Cut(text, "://")
		if !has {
			return false
		}
		authority := rest
		if end := strings.IndexAny(rest, "/?# \t\n\"'<>"); end >= 0 {
			authority = rest[:end]
		}
		user, _, has := strings.Cut(authority, "@")
		if _, password, two := strings.Cut(user, ":"); has && two && password != "" {
			return true
		}
		text = rest
	}
}

// assigns says whether a text gives a credential a value, as files of
// configuration and lines of a shell do: password = x, "token": "x".
func assigns(text string) bool {
	for i := 1; i < len(text)-1; i++ {
		if text[i] != ':' && text[i] != '=' {
			continue
		}
		before := strings.TrimRight(text[:i], " \t\"'")
		start := len(before)
		for start > 0 && nameByte(before[start-1]) {
			start--
		}
		value := strings.TrimLeft(text[i+1:], " \t\"'")
		if value != "" && value[0] != '\n' && value[0] != '\r' && isCredential(before[start:]) {
			return true
		}
	}
	return false
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

func tokenLength(text string) int {
	for i := range len(text) {
		if !tokenByte(text[i]) {
			return i
		}
	}
	return len(text)
}

func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' || c == '='
}
