package project

import (
	"encoding/json"
	"path"
	"strings"
	"time"
)

// Signing says what a commit's signature must show, branch by branch. Whether
// signatures are asked for at all is not up to it alone: a list of allowed
// signers in the repository asks for them too.
type Signing struct {
	RevokedKeys string          `json:"revokedKeys,omitempty"` // path in the repository, default .clawql/revoked_keys
	Branches    []SigningBranch `json:"branches,omitempty"`    // the first that fits a branch's name counts
	Admit       []SigningAdmit  `json:"admit,omitempty"`       // signers who have no FIDO security key
	Merges      string          `json:"merges,omitempty"`      // signed (the default) or automatic
}

// SigningBranch is what signatures of commits that enter a branch must show.
type SigningBranch struct {
	Name    string `json:"name"`    // a pattern such as release/*; * does not cross a slash, ** does
	Require string `json:"require"` // signature, touch or verification
}

// SigningAdmit lets one listed key sign that is not a FIDO security key: of a
// bot, of a PIV card, of a Secure Enclave.
type SigningAdmit struct {
	Key     string `json:"key"` // fingerprint, SHA256:...
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires Date   `json:"expires"` // the last day on which it holds, UTC
}

// What a signature may have to show, weakest first. Each includes those
// before it.
const (
	RequireSignature    = "signature"    // of a listed key, of any kind; a security key must be touched
	RequireTouch        = "touch"        // of a FIDO security key that was touched
	RequireVerification = "verification" // ... that asked for PIN or biometry too
)

// What merge commits need.
const (
	// MergesSigned: a signature, as any commit.
	MergesSigned = "signed"
	// MergesAutomatic: none, or a forge's own, where the merge is exactly what
	// git makes of its two parents by itself, and changes no policy.
	MergesAutomatic = "automatic"
)

// ControlSigning is the control that an exception names to ask for less than
// touch (on the protected branch: verification).
const ControlSigning = "signing"

// DefaultRevokedKeys is where a repository keeps its list of revoked keys.
const DefaultRevokedKeys = ".clawql/revoked_keys"

var fingerprintForm = form(`^SHA256:[A-Za-z0-9+/]{43}$`)

func (s *Signing) checks() []check {
	if s == nil {
		return nil
	}
	all := []check{
		{"signing.revokedKeys", inside(s.RevokedKeys), s.RevokedKeys, "a path inside the repository"},
		{"signing.merges", s.Merges == MergesSigned || s.Merges == MergesAutomatic, s.Merges, "signed or automatic"},
	}
	for i, b := range s.Branches {
		at := indexed("signing.branches", i)
		all = append(all,
			check{at + ".name", branchPatternHolds(b.Name), b.Name, "a branch name, in which * and ** may stand for any part"},
			check{at + ".require", strength(b.Require) > 0, b.Require, "one of signature, touch, verification"})
	}
	for i, a := range s.Admit {
		at := indexed("signing.admit", i)
		all = append(all,
			check{at + ".key", fingerprintForm().MatchString(a.Key), a.Key, "a fingerprint, SHA256: and 43 characters (ssh-keygen -l)"},
			check{at + ".reason", len(strings.TrimSpace(a.Reason)) >= 10, a.Reason, "a reason of at least 10 characters"},
			check{at + ".owner", a.Owner != "", a.Owner, "a person or team that answers for it"},
			check{at + ".expires", !time.Time(a.Expires).IsZero(), "", "a date such as 2027-02-01"})
	}
	return all
}

func (s *Signing) setDefaults() {
	if s != nil {
		fill(&s.RevokedKeys, DefaultRevokedKeys)
		fill(&s.Merges, MergesSigned)
	}
}

func strength(require string) int {
	return map[string]int{RequireSignature: 1, RequireTouch: 2, RequireVerification: 3}[require]
}

// StrongerSignature says whether one requirement asks for more than another.
func StrongerSignature(one, than string) bool { return strength(one) > strength(than) }

// SigningRequired is what the signature of a commit that enters branch must
// show at now. A rule that asks for less than the default counts only while an
// exception for the control "signing" is in force.
func (p *Project) SigningRequired(branch string, now time.Time) string {
	least := RequireTouch
	if branch == p.Change.ProtectedBranch {
		least = RequireVerification
	}
	if p.Signing == nil {
		return least
	}
	for _, b := range p.Signing.Branches {
		if !matchBranch(b.Name, branch) {
			continue
		}
		if strength(b.Require) < strength(least) && !p.Excepted(ControlSigning, "", now) {
			return least
		}
		return b.Require
	}
	return least
}

// SigningAdmitted says whether a key that is no security key may sign at now.
func (p *Project) SigningAdmitted(fingerprint string, now time.Time) bool {
	if p.Signing == nil {
		return false
	}
	for _, a := range p.Signing.Admit {
		if a.Key == fingerprint && now.Before(time.Time(a.Expires).AddDate(0, 0, 1)) {
			return true
		}
	}
	return false
}

// SigningPolicy is the part of clawql.yaml that signatures are judged by, in
// one form: two projects with the same text judge alike.
func (p *Project) SigningPolicy() string {
	var relevant []Exception
	for _, e := range p.Exceptions {
		if e.Control == ControlSigning {
			relevant = append(relevant, e)
		}
	}
	text, err := json.Marshal(struct {
		Signing    *Signing
		Change     Change
		Exceptions []Exception
	}{p.Signing, p.Change, relevant})
	if err != nil { // none of these types can fail
		return err.Error()
	}
	return string(text)
}

func branchPatternHolds(pattern string) bool {
	_, err := path.Match(pattern, "x")
	return pattern != "" && err == nil && !strings.ContainsAny(pattern, " ~^:\\") && !strings.HasPrefix(pattern, "/")
}

// matchBranch compares part by part; ** stands for any number of parts.
func matchBranch(pattern, branch string) bool {
	return matchParts(strings.Split(pattern, "/"), strings.Split(branch, "/"))
}

func matchParts(pattern, parts []string) bool {
	if len(pattern) == 0 {
		return len(parts) == 0
	}
	if pattern[0] == "**" {
		return matchParts(pattern[1:], parts) || len(parts) > 0 && matchParts(pattern, parts[1:])
	}
	if len(parts) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], parts[0])
	return ok && err == nil && matchParts(pattern[1:], parts[1:])
}

// Defaults is what holds in a repository that has no clawql.yaml.
func Defaults() *Project {
	p := &Project{}
	p.setDefaults()
	return p
}
