package sshsign

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
	"github.com/clawql/clawql-workbench/shared/sshsign/fidotest"
)

// Commits that the real git and ssh-keygen sign with a security key.
func TestCommitsSignedBySecurityKeys(t *testing.T) {
	token := fidotest.New(t)
	for name, tt := range map[string]struct {
		kind     string
		args     []string
		env      string
		verified bool
		want     Reason
	}{
		"ed25519":                     {kind: "ed25519"},
		"ecdsa":                       {kind: "ecdsa"},
		"ed25519, PIN":                {kind: "ed25519", args: []string{"-O", "verify-required"}, verified: true},
		"ecdsa, PIN, own application": {kind: "ecdsa", args: []string{"-O", "verify-required", "-O", "application=ssh:clawql"}, verified: true},
		"made without touch":          {kind: "ed25519", args: []string{"-O", "no-touch-required"}, env: "FIDO_NO_TOUCH=1", want: NoTouch},
	} {
		t.Run(name, func(t *testing.T) {
			path := token.NewKey(t, tt.kind, tt.args...)
			repo := gittest.New(t)
			repo.Env = append(append([]string{}, token.Env...), tt.env)
			if tt.env == "" {
				repo.Env = token.Env
			}
			repo.As("Ann", "ann@example.org")
			repo.Git("-c", "gpg.format=ssh", "-c", "user.signingkey="+path+".pub", "commit", "-q", "--allow-empty", "-S", "-m", "one")
			public, err := os.ReadFile(path + ".pub")
			if err != nil {
				t.Fatal(err)
			}
			list := mustList(t, "ann@example.org "+string(public))
			policy := Policy{RequireHardware: true, RequireTouch: true, RequireVerification: tt.verified}
			sig, err := VerifyCommit([]byte(repo.Raw("HEAD")), list, policy, time.Now())
			if reasonOf(err) != tt.want {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if err == nil && (!sig.Hardware || !sig.Touched || sig.UserVerified != tt.verified || !strings.HasPrefix(sig.KeyType, "sk-")) {
				t.Errorf("%+v", sig)
			}
		})
	}
}
