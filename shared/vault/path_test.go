package vault

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestCheckPath(t *testing.T) {
	for _, good := range []string{"A", "clawql/providers", "a b", "ключ", "a.b", "...", "%2e%2e", "a?b#c", "-x", strings.Repeat("x", LongestPath)} {
		if err := CheckPath(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", " a", "a/ b", "a\n", "a\x00b", "\xff", "a\u202eb", "a\u200b", strings.Repeat("x", LongestPath+1)} {
		if err := CheckPath(bad); err == nil {
			t.Errorf("%q is allowed", bad)
		}
	}
}

// No port, no file, no cluster: each is a line of the configuration.
func TestConfiguration(t *testing.T) {
	var got struct {
		Storage    map[string]any            `json:"storage"`
		Listener   map[string]map[string]any `json:"listener"`
		NoCluster  bool                      `json:"disable_clustering"`
		NoMlock    bool                      `json:"disable_mlock"`
		MaxLease   string                    `json:"max_lease_ttl"`
		UI         bool                      `json:"ui"`
		Everything map[string]any            `json:"-"`
	}
	text := Config{Socket: "/run/x/server.sock", UID: 7, GID: 8, MaxTTL: 1500 * time.Millisecond, Mlock: true}.JSON()
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	unix := got.Listener["unix"]
	switch {
	case len(got.Listener) != 1 || len(got.Storage) != 1 || got.Storage["inmem"] == nil:
		t.Errorf("listeners %v, storage %v", got.Listener, got.Storage)
	case unix["address"] != "/run/x/server.sock" || unix["socket_mode"] != "0600" || unix["socket_user"] != "7" || unix["socket_group"] != "8":
		t.Errorf("listener %v", unix)
	case !got.NoCluster || got.NoMlock || got.UI || got.MaxLease != "2s":
		t.Errorf("%s", text)
	}
}

func TestServerGetsNothingOfTheUser(t *testing.T) {
	t.Setenv("VAULT_TOKEN", "x")
	for _, each := range (Binary{}).Environment() {
		if strings.HasPrefix(each, "VAULT_") || strings.HasPrefix(each, "HOME=") && each != "HOME=/nonexistent" {
			t.Errorf("%s", each)
		}
	}
}
