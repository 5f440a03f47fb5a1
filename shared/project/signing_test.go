package project

import (
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

const signingBase = `apiVersion: clawql.io/v1alpha1
kind: Project
environments: {production: {context: ctx, namespace: clawql, overlay: o}}
`

func TestSigningThatIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"signing: {touch: false}":                                                                    "unknown field signing.touch",
		"signing: {branches: [{name: main, requires: touch}]}":                                       "unknown field signing.branches[0].requires",
		"signing: {branches: [{name: main, require: none}]}":                                         `signing.branches[0].require is "none", but must be one of signature, touch, verification`,
		"signing: {branches: [{name: '', require: touch}]}":                                          "signing.branches[0].name",
		"signing: {branches: [{name: 'a[', require: touch}]}":                                        "signing.branches[0].name",
		"signing: {merges: any}":                                                                     "signing.merges",
		"signing: {revokedKeys: ../keys}":                                                            "signing.revokedKeys",
		"signing: {admit: [{key: x}]}":                                                               "signing.admit[0].key",
		"signing: {admit: [{key: SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU, reason: bot}]}": "signing.admit[0].reason",
		"signing: [main]":                                                                            "field signing is a array",
	} {
		_, err := Parse([]byte(signingBase + text + "\n"))
		if fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestSigningRequired(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	branches := "signing: {branches: [{name: 'release/*', require: verification}, {name: 'try/**', require: signature}, {name: main, require: touch}]}\n"
	exception := "exceptions: [{control: signing, reason: keys are being ordered, owner: a, expires: %s}]\n"
	for name, tt := range map[string]struct{ text, branch, want string }{
		"no section":                   {"", "work", RequireTouch},
		"no section, protected":        {"", "main", RequireVerification},
		"another protected branch":     {"change: {protectedBranch: trunk}\n", "trunk", RequireVerification},
		"no longer main":               {"change: {protectedBranch: trunk}\n", "main", RequireTouch},
		"more than the default":        {branches, "release/1", RequireVerification},
		"* crosses no slash":           {branches, "release/1/2", RequireTouch},
		"less without an exception":    {branches, "try/a/b", RequireTouch},
		"less on main":                 {branches, "main", RequireVerification},
		"less with an exception":       {branches + strings.Replace(exception, "%s", "2027-01-01", 1), "try/a/b", RequireSignature},
		"main with an exception":       {branches + strings.Replace(exception, "%s", "2027-01-01", 1), "main", RequireTouch},
		"an exception that is over":    {branches + strings.Replace(exception, "%s", "2026-11-22", 1), "try/a/b", RequireTouch},
		"an exception's last day":      {branches + strings.Replace(exception, "%s", "2026-11-23", 1), "try/a/b", RequireSignature},
		"** stands for nothing too":    {branches + strings.Replace(exception, "%s", "2027-01-01", 1), "try", RequireSignature},
		"a branch that begins like it": {branches + strings.Replace(exception, "%s", "2027-01-01", 1), "tryout", RequireTouch},
	} {
		p, err := Parse([]byte(signingBase + tt.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := p.SigningRequired(tt.branch, now); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// What does not concern signatures does not change their policy.
func TestSigningPolicyIsAboutSigningOnly(t *testing.T) {
	text := func(more string) string {
		p, err := Parse([]byte(signingBase + more))
		if err != nil {
			t.Fatal(err)
		}
		return p.SigningPolicy()
	}
	plain := text("")
	for more, same := range map[string]bool{
		"canary: {replicas: 2}\n": true, "owner: other\n": true, "signing: {}\n": false,
		"exceptions: [{control: log-level, reason: something else, owner: a, expires: 2027-01-01}]\n": true,
		"exceptions: [{control: signing, reason: something else, owner: a, expires: 2027-01-01}]\n":   false,
		"change: {allowedSigners: other}\n": false,
	} {
		if (text(more) == plain) != same {
			t.Errorf("%s: same %v, want %v", more, !same, same)
		}
	}
}
