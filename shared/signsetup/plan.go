package signsetup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Options say how to set signing up.
type Options struct {
	Dir           string // "" is the current folder
	Key           string // path of a key to use; "" finds or makes one
	Global        bool
	New           bool // make a key though there is one
	Resident      bool // keep the new key on the token, so that another machine can load it
	Download      bool // load the keys that the token has first (ssh-keygen -K)
	TouchOnly     bool // the new key asks for a touch, and for no PIN or biometry
	AllowSoftware bool
	Program       string // what git runs to sign; "" leaves ssh-keygen
	Now           time.Time
}

// Step is one thing that a setup would do.
type Step struct {
	What string // key, load, list, attest, config
	Text string
	Done bool // it is so already
}

// Plan is what a setup would do. It changes nothing until Apply.
type Plan struct {
	Place    Place
	Key      *Key // nil when one will be made or downloaded
	Steps    []Step
	Warnings []string

	o      Options
	set    []pair
	target string // of the key to be made: path without .pub
}

// Changes says whether there is anything to do.
func (p *Plan) Changes() bool {
	for _, step := range p.Steps {
		if !step.Done {
			return true
		}
	}
	return false
}

// Make looks at machine and repository and plans what is missing.
func Make(ctx context.Context, o Options) (*Plan, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	place, err := findPlace(ctx, o.Dir, o.Global)
	if err != nil {
		return nil, err
	}
	p := &Plan{Place: place, o: o}
	if p.Key, err = p.choose(ctx); err != nil {
		return nil, err
	}
	if err := p.planKey(); err != nil {
		return nil, err
	}
	if err := p.planList(ctx); err != nil {
		return nil, err
	}
	p.planAttestation()
	return p, p.planConfig(ctx)
}

// choose takes the key that was named, else the configured one if it will do,
// else the best that is there. Nil means that one has to be made.
func (p *Plan) choose(ctx context.Context) (*Key, error) {
	if p.o.Key != "" {
		return p.named(p.o.Key)
	}
	all, err := found(ctx, p.Place.Home)
	if err != nil {
		return nil, err
	}
	if p.o.New || p.o.Download {
		return nil, p.canMake()
	}
	now, set, err := setting(ctx, p.o.Dir, "", "user.signingkey")
	if err != nil {
		return nil, err
	}
	for i, one := range all {
		if one.Kind == Software && !p.o.AllowSoftware {
			continue
		}
		if set && p.isKey(now.Value, one) {
			return &all[i], nil
		}
	}
	for i, one := range all {
		if one.Kind != Software || p.o.AllowSoftware {
			return &all[i], nil
		}
	}
	return nil, p.canMake()
}

// isKey says whether user.signingkey names the key.
func (p *Plan) isKey(value string, k Key) bool {
	return value == signingKey(k) || k.Path != "" && strings.TrimSuffix(expand(value, p.Place.Home), ".pub") == strings.TrimSuffix(k.Path, ".pub") ||
		strings.HasPrefix(strings.TrimPrefix(value, "key::"), k.Line())
}

// signingKey is user.signingkey for a key: a path, or key:: and the key for one
// that only the agent has.
func signingKey(k Key) string {
	if k.Path != "" {
		return k.Path
	}
	return "key::" + k.Line()
}

func expand(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(home, rest)
	}
	return path
}

// named reads the key that the person named.
func (p *Plan) named(path string) (*Key, error) {
	path, err := filepath.Abs(expand(path, p.Place.Home))
	if err != nil {
		return nil, fault.Usage("read key: %w", err)
	}
	public := strings.TrimSuffix(path, ".pub") + ".pub"
	if !exists(public) && strings.HasSuffix(path, ".pub") || !exists(path) {
		return nil, fault.Usage("read key %s: it is not there", path)
	}
	key, err := readPublic(public)
	if err != nil {
		return nil, err
	}
	if key.Kind == Software && !p.o.AllowSoftware {
		return nil, fault.Usage("%s is a key of type %s in software: whoever reads the file can sign", public, key.Public.Type()).
			Hint("leave --key away: a security key is found or made").
			Hint("--allow-software-key takes it; the default policy still refuses its commits")
	}
	return &key, nil
}

// canMake says why no key can be made here.
func (p *Plan) canMake() error {
	where := container()
	if where == "" || tokenReachable() {
		return nil
	}
	why := "no ssh-agent is forwarded into it (SSH_AUTH_SOCK is not set)"
	if os.Getenv("SSH_AUTH_SOCK") != "" {
		why = "the forwarded ssh-agent has no security key"
	}
	return fault.Usage("this is %s: a security key is plugged into the host, and %s", where, why).
		Hint("on the host: git clawql-hooks signing setup --global; ssh-add ~/.ssh/id_ed25519_sk_clawql").
		Hint("then open the container anew: VS Code and the devcontainer CLI forward the host's agent").
		Hint("here, `ssh-add -L` must show a line that begins with sk-")
}

func (p *Plan) step(what string, done bool, format string, args ...any) {
	p.Steps = append(p.Steps, Step{what, fmt.Sprintf(format, args...), done})
}

func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

func (p *Plan) planKey() error {
	if p.Key == nil {
		return p.planNewKey()
	}
	from := "in ssh-agent"
	if p.Key.Path != "" {
		from = p.Place.show(p.Key.Path)
	}
	p.step("key", true, "%s (%s)", p.Key.Short(), from)
	switch p.Key.Kind {
	case Software:
		p.warn("the key is software: whoever reads its file can sign; the default policy refuses its commits, until clawql.yaml admits it: "+admitHint, p.Key.Fingerprint())
	case Card:
		p.warn("the key's signatures do not show that a card made them; clawql.yaml has to admit it: "+admitHint, p.Key.Fingerprint())
	}
	return nil
}

const admitHint = "signing: {admit: [{key: %s, reason: ..., owner: ..., expires: 2027-02-01}]}"

func (p *Plan) planNewKey() error {
	p.target = filepath.Join(p.Place.Home, ".ssh", "id_ed25519_sk_clawql")
	for n := 2; taken(p.target, p.at(enrolledKey)); n++ {
		p.target = filepath.Join(p.Place.Home, ".ssh", fmt.Sprintf("id_ed25519_sk_clawql_%d", n))
	}
	if p.o.Download {
		p.step("load", false, "what the token keeps, by ssh-keygen -K (asks for its PIN)")
		return nil
	}
	asks := "a touch and the PIN each time"
	if p.o.TouchOnly {
		asks = "a touch each time"
	}
	kept := ""
	if p.o.Resident {
		kept = ", kept on the token too"
	}
	p.step("key", false, "%s, on the token (ed25519-sk, else ecdsa-sk): %s%s", p.Place.show(p.target), asks, kept)
	return nil
}

// taken says that a key has the name already, other than the one of an
// enrolment that was broken off.
func taken(target, enrolled string) bool {
	for _, name := range []string{target, strings.Replace(target, "id_ed25519_sk", "id_ecdsa_sk", 1)} {
		for _, suffix := range []string{"", ".pub"} {
			there, err := os.Stat(name + suffix)
			ours, err2 := os.Stat(enrolled + suffix)
			if err == nil && (err2 != nil || !os.SameFile(there, ours)) {
				return true
			}
		}
	}
	return false
}

// planConfig lists the settings that are missing or other than they should be.
func (p *Plan) planConfig(ctx context.Context) error {
	key := "the new key"
	if p.Key != nil {
		key = signingKey(*p.Key)
	}
	want := []pair{{"gpg.format", "ssh"}, {"user.signingkey", key}, {"gpg.ssh.allowedSignersFile", p.Place.InGit}}
	if exists(p.Place.Revoke) {
		want = append(want, pair{"gpg.ssh.revocationFile", p.revokedInGit()})
	}
	program, set, err := setting(ctx, p.o.Dir, "", "gpg.ssh.program")
	if err != nil {
		return err
	}
	switch {
	case p.o.Program != "" && (!set || isOurs(program.Value)):
		want = append(want, pair{"gpg.ssh.program", p.o.Program})
	case set && !isOurs(program.Value):
		p.warn("gpg.ssh.program is %s and stays: nothing will tell you when a touch is waited for", program.Value)
	}
	// Last, so that nothing is signed before all else is in place.
	want = append(want, pair{"commit.gpgSign", "true"}, pair{"tag.gpgSign", "true"})
	for _, one := range want {
		if err := p.planSetting(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) planSetting(ctx context.Context, one pair) error {
	was, err := git(ctx, p.o.Dir, "config", "--file", p.Place.Config, "--get", one.key)
	if err != nil && !exitOne(err) {
		return fault.Unable("read %s: %w", p.Place.Config, err)
	}
	if err == nil && was == one.value {
		p.step("config", true, "%s = %s", one.key, p.Place.show(one.value))
		return nil
	}
	note := ""
	if err == nil {
		note = fmt.Sprintf("   (was %s)", p.Place.show(was))
	}
	p.step("config", false, "%s = %s%s", one.key, p.Place.show(one.value), note)
	p.set = append(p.set, one)
	return nil
}

func (p *Plan) revokedInGit() string {
	if p.Place.Global {
		return p.Place.Revoke
	}
	if rel, err := filepath.Rel(p.Place.Top, p.Place.Revoke); err == nil {
		return filepath.ToSlash(rel)
	}
	return p.Place.Revoke
}

// isOurs knows this program by its name, wherever it was installed before.
func isOurs(program string) bool { return filepath.Base(program) == "git-clawql-hooks" }
