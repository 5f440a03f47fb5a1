package signsetup

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// The files of an enrolment. The last one is written when all others are whole.
const (
	enrolledKey         = "key"
	enrolledChallenge   = "challenge"
	enrolledAttestation = "attestation"
	enrolledWhole       = "whole"
)

// challengeSize is how many random bytes the token has to answer.
const challengeSize = 32

// enroll makes a key on the token, keeps its record, and only then gives the
// key its name. An enrolment that was made and then broken off is taken up
// again, so that a touch is never lost.
func (p *Plan) enroll(ctx context.Context, s console.Streams) (*Key, error) {
	unlock, err := p.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if !exists(p.at(enrolledWhole)) {
		if err := p.makeOnToken(ctx, s); err != nil {
			return nil, err
		}
	}
	key, err := readPublic(p.at(enrolledKey + ".pub"))
	if err != nil {
		return nil, err
	}
	challenge, err1 := os.ReadFile(p.at(enrolledChallenge))
	attestation, err2 := os.ReadFile(p.at(enrolledAttestation))
	if err := errors.Join(err1, err2); err != nil {
		return nil, fault.Unable("read the enrolment: %w", err)
	}
	if err := writeRecord(p.Place, key, challenge, attestation, p.o.Now); err != nil {
		return nil, err
	}
	return p.install(key)
}

func (p *Plan) at(name string) string { return filepath.Join(p.enrolment(), name) }

// lock makes the enrolment's folder, and keeps a second setup out of it.
func (p *Plan) lock() (unlock func(), err error) {
	if err := os.MkdirAll(p.enrolment(), 0o700); err != nil {
		return nil, fault.Unable("make a key: %w", err)
	}
	f, err := os.OpenFile(p.at("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Unable("make a key: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.Unable("make a key: another setup is making one in %s", p.enrolment())
	}
	return func() { f.Close() }, nil
}

// makeOnToken runs ssh-keygen; a token without Ed25519 gets an ECDSA key.
func (p *Plan) makeOnToken(ctx context.Context, s console.Streams) error {
	challenge := make([]byte, challengeSize)
	_, _ = rand.Read(challenge) // it never fails, see its documentation
	var err error
	for _, kind := range []string{"ed25519-sk", "ecdsa-sk"} {
		if err = p.clear(); err != nil {
			return err
		}
		if err := os.WriteFile(p.at(enrolledChallenge), challenge, 0o600); err != nil {
			return fault.Unable("make a key: %w", err)
		}
		if err = p.keygen(ctx, s, p.enrolArgs(kind)...); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return noKey(err)
	}
	if err := os.WriteFile(p.at(enrolledWhole), nil, 0o600); err != nil {
		return fault.Unable("make a key: %w", err)
	}
	return nil
}

func noKey(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Unable("make a key on the token: %w", err).
		Hint("is a security key plugged in? `ssh-keygen -t ed25519-sk` on macOS needs OpenSSH from Homebrew").
		Hint("a token without a PIN: set one first (ykman fido access change-pin), or --touch-only").
		Hint("no token, but a PIV card or Secure Enclave in the agent: --key PATH of its .pub file")
}

func (p *Plan) enrolArgs(kind string) []string {
	args := []string{"-t", kind, "-q", "-N", "", "-C", p.Place.Email, "-f", enrolledKey,
		"-O", "application=ssh:clawql", "-O", "challenge=" + enrolledChallenge, "-O", "write-attestation=" + enrolledAttestation}
	if !p.o.TouchOnly {
		args = append(args, "-O", "verify-required")
	}
	if p.o.Resident {
		args = append(args, "-O", "resident")
	}
	return args
}

// clear removes all of an enrolment that is not whole, but its lock.
func (p *Plan) clear() error {
	entries, err := os.ReadDir(p.enrolment())
	for _, one := range entries {
		if one.Name() != "lock" {
			err = errors.Join(err, os.RemoveAll(p.at(one.Name())))
		}
	}
	if err != nil {
		return fault.Unable("make a key: %w", err)
	}
	return nil
}

// install gives the key its name. It links, and overwrites nothing; the public
// half comes last, since that is what makes a key one that is found.
func (p *Plan) install(key Key) (*Key, error) {
	target := p.target
	if strings.HasPrefix(key.Public.Type(), "sk-ecdsa") {
		target = strings.Replace(target, "id_ed25519_sk", "id_ecdsa_sk", 1)
	}
	for _, suffix := range []string{"", ".pub"} {
		if err := linkOnce(p.at(enrolledKey+suffix), target+suffix); err != nil {
			return nil, fault.Unable("put the key to %s: %w", target+suffix, err)
		}
	}
	key.Path = target + ".pub"
	return &key, nil
}

// linkOnce is a link that may have been made before.
func linkOnce(from, to string) error {
	err := os.Link(from, to)
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	a, err1 := os.Stat(from)
	b, err2 := os.Stat(to)
	if errors.Join(err1, err2) == nil && os.SameFile(a, b) {
		return nil
	}
	return err
}

// download runs ssh-keygen -K, which writes a file for each resident key, and
// keeps those that are new.
func (p *Plan) download(ctx context.Context, s console.Streams) (*Key, error) {
	unlock, err := p.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := p.clear(); err != nil {
		return nil, err
	}
	if err := p.keygen(ctx, s, "-K", "-N", ""); err != nil {
		return nil, err
	}
	names, _ := filepath.Glob(p.at("*.pub")) // the pattern is a good one
	slices.Sort(names)
	var first *Key
	for _, name := range names {
		key, err := readPublic(name)
		if err != nil {
			return nil, err
		}
		target := filepath.Join(p.Place.Home, ".ssh", strings.TrimSuffix(filepath.Base(name), ".pub"))
		for _, suffix := range []string{"", ".pub"} {
			if err := linkOnce(strings.TrimSuffix(name, ".pub")+suffix, target+suffix); err != nil && !errors.Is(err, os.ErrExist) {
				return nil, fault.Unable("put the key to %s: %w", target, err)
			}
		}
		if here, err := readPublic(target + ".pub"); err == nil && first == nil && here.Fingerprint() == key.Fingerprint() {
			first = &here
		}
	}
	if first == nil {
		return nil, fault.No("the token keeps no key for ssh").Hint("git clawql-hooks signing setup --new --resident makes one")
	}
	return first, nil
}
