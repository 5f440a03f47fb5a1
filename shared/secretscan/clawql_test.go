package secretscan

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
)

var full = sync.OnceValue(func() *Policy {
	p, err := Compile(Sources{})
	if err != nil {
		panic(err)
	}
	return p
})

// mixed is n letters that no rule takes for a word, the same in each run; the
// tokens of this test are put together here and stand in no file.
func mixed(n int) string {
	const letters = "Zk3_wQ9-bT7xLm2VfR8cYp5HsJ4nGd6AqXeU1oBi0"
	return strings.Repeat(letters, n/len(letters)+1)[:n]
}

func jwt(payload string) string {
	e := base64.RawURLEncoding.EncodeToString
	return e([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + e([]byte(payload)) + "." + mixed(43)
}

func rulesIn(t *testing.T, file, text string) string {
	t.Helper()
	found, err := full().Scan(context.Background(), file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, f := range found {
		if strings.HasPrefix(f.Rule, "clawql-") {
			rules = append(rules, f.Rule)
		}
	}
	return strings.Join(rules, " ")
}

const hex16 = "0123456789abcdef"

func TestClawQLTokensAreFound(t *testing.T) {
	cases := map[string]string{
		"key: cqk_" + hex16 + "_" + mixed(32):                         "clawql-api-key",
		`{"k":"cqk_` + hex16 + "_" + mixed(32) + `"}`:                 "clawql-api-key",
		"https://x/?k=cqk_" + hex16 + "_" + mixed(32) + "&x=1":        "clawql-api-key",
		"clawql-vk-" + mixed(32):                                      "clawql-virtual-key",
		"code=mca_" + mixed(32) + "&state=x":                          "clawql-oauth-code",
		"mcr_" + mixed(43) + "\n":                                     "clawql-refresh-token",
		"Bearer " + jwt(`{"atr":{"sub":"a","role":"admin"}}`):         "clawql-session-jwt",
		"Bearer " + jwt(`{"sub":"a","exp":1,"atr":{"role":"admin"}}`): "clawql-session-jwt",
		"CLAWQL_API_KEY=" + mixed(24):                                 "clawql-env-secret",
		"export CLAWQL_MCP_OAUTH_SIGNING_SECRET='" + mixed(32) + "'":  "clawql-env-secret",
		"  CLAWQL_MCP_JWT_HS256_SECRET: \"" + mixed(32) + "\"":        "clawql-env-secret",
		`"CLAWQL_GITHUB_TOKEN": "` + mixed(20) + `"`:                  "clawql-env-secret",
	}
	for text, want := range cases {
		if got := rulesIn(t, "a.txt", text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsNoClawQLToken(t *testing.T) {
	for _, text := range []string{
		"cqk_" + hex16, "id: cqk_" + hex16 + ", vk_" + hex16, "vk_" + hex16,
		"cqk_" + hex16 + "_" + mixed(31), "cqk_" + strings.ToUpper(hex16) + "_" + mixed(32), "cqk_" + hex16 + "_" + mixed(33),
		"clawql-vk-" + mixed(31), "clawql-vk-" + mixed(33), "mca_" + mixed(31), "mcr_" + mixed(42), "mca_" + strings.Repeat("a", 32),
		"amca_" + mixed(32), jwt(`{"sub":"a","role":"admin"}`), jwt(`{"sub":"atr"}`),
		"CLAWQL_API_KEY=", "CLAWQL_API_KEY=$SECRET_FROM_VAULT_1", "CLAWQL_API_KEY=${CLAWQL_API_KEY:-}", "CLAWQL_API_KEY=<your key goes here>",
		"CLAWQL_API_KEY: your-api-key-goes-here-9f", "CLAWQL_LOG_LEVEL=" + mixed(24), "CLAWQL_API_KEY=aaaaaaaaaaaaaaaaaaaaaaaa",
		"CLAWQL_API_KEY=vault:secret/data/clawql/providers", `os.Getenv("CLAWQL_API_KEY")`,
	} {
		if got := rulesIn(t, "a.txt", text); got != "" {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// The allow lists of gitleaks' defaults do not hide ClawQL's tokens, nor does
// a comment; those that the repository wrote do.
func TestWhoMayExceptAClawQLToken(t *testing.T) {
	text := "cqk_" + hex16 + "_" + mixed(32) + " // gitleaks:allow\n"
	if rulesIn(t, "node_modules/a.svg", text) == "" {
		t.Error("a default allow list or a comment hides it")
	}
	for _, config := range []string{
		"[allowlist]\npaths = ['fixtures/']\n", "[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['fixtures/']\n",
	} {
		p, err := Compile(Sources{Config: []byte(config)})
		if err != nil {
			t.Fatal(err)
		}
		for file, want := range map[string]int{"fixtures/a": 0, "node_modules/a.svg": 1} {
			found, err := p.Scan(context.Background(), file, []byte(text))
			if err != nil || len(found) != want {
				t.Errorf("%q, %s: %d findings, %v", config, file, len(found), err)
			}
		}
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	text := "cqk_" + hex16 + "_" + mixed(32)
	found, err := full().Scan(context.Background(), "a", []byte(text))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{found[0], &found[0], found[0].Secret, &found[0].Secret} {
			out := fmt.Sprintf(verb, value)
			if strings.Contains(out, mixed(32)) || strings.Contains(out, fmt.Sprintf("%x", mixed(32))) {
				t.Errorf("%s of %T tells it", verb, value)
			}
		}
	}
	if a, b := found[0].Secret.Hash([]byte("1")), found[0].Secret.Hash([]byte("2")); a == b || len(a) != 16 {
		t.Errorf("hashes %s and %s", a, b)
	}
}
