package vault

import (
	"encoding/json"
	"fmt"
	"time"
)

// Config is what a session's server is told. Nothing in it is secret.
type Config struct {
	Socket   string        // path of the unix socket to listen on
	UID, GID int           // owner of that socket
	MaxTTL   time.Duration // no token lives longer, whole seconds
	Mlock    bool          // keep memory out of swap; needs the right to lock it
}

// longestValue is the limit of one string in a request, in bytes.
const longestValue = 16 << 20

// JSON is the configuration as Vault reads it: storage in memory, one unix
// socket, no TCP port, no clustering, no web pages, no telemetry.
func (c Config) JSON() []byte {
	text, err := json.Marshal(map[string]any{
		"storage": map[string]any{"inmem": map[string]any{}},
		// user and group count only beside a mode, and a mode beside both
		"listener": map[string]any{"unix": map[string]any{
			"address": c.Socket, "socket_mode": "0600",
			"socket_user": fmt.Sprint(c.UID), "socket_group": fmt.Sprint(c.GID),
			"max_json_string_value_length": longestValue, // Vault's own limit of 1 MiB would stop a secret of 1 MB in base64
		}},
		"api_addr":           "http://127.0.0.1:0", // no one dials it: it silences the search for an address
		"disable_clustering": true,
		"disable_mlock":      !c.Mlock,
		"ui":                 false,
		"log_level":          "warn",
		"max_lease_ttl":      seconds(c.MaxTTL),
		"default_lease_ttl":  seconds(c.MaxTTL),
	})
	if err != nil {
		panic(err) // strings, bools and maps only
	}
	return text
}

// seconds rounds up: a token must not end before the session does.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%ds", int64((d+time.Second-1)/time.Second))
}

// Arguments start the server with its configuration on a descriptor.
func (b Binary) Arguments(configPath string) []string {
	return []string{b.Name, "server", "-config=" + configPath}
}

// Environment is all that the server gets: nothing of the user's, and a HOME
// that does not exist, so that nothing can be written to a real one.
func (b Binary) Environment() []string {
	return []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "LANG=C", "SKIP_SETCAP=1"}
}
