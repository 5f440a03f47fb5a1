package cmdline

import (
	"testing"

	"github.com/urfave/cli/v2"
)

func TestNearest(t *testing.T) {
	names := []string{"deploy", "drift", "hooks", "vault-session", "o", "dry-run"}
	cases := map[string]string{
		"depoly": "deploy", "DEPLOY": "deploy", "dirft": "drift", "hook": "hooks", "vaultsession": "vault-session",
		"dry_run": "dry-run", "x": "", "": "", "status": "", "helm": "",
	}
	for word, want := range cases {
		if got, _ := Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// A listing beside commands: `clawql` alone acts, `clawql nonsense` must not.
func TestListingTakesNoWord(t *testing.T) {
	app := &cli.App{Name: "clawql", Action: nop, Commands: []*cli.Command{{Name: "deploy", Action: nop}}}
	if code, _, _ := run(app); code != 0 {
		t.Errorf("alone: exit %d", code)
	}
	code, _, errOut := run(app, "depoly")
	if want := "clawql: error: unknown command \"depoly\"; there are: deploy\nhint: did you mean `clawql deploy`?\n"; code != 2 || errOut != want {
		t.Errorf("exit %d: %s", code, errOut)
	}
}
