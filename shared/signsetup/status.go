package signsetup

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/commitverify"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// State is the answer of one item.
type State string

// The states of an item.
const (
	OK      State = "ok"
	Fail    State = "fail"
	Unknown State = "unknown" // could not be told
	NA      State = "n/a"
)

// Item is one thing that signing needs.
type Item struct {
	ID    string
	State State
	Text  string // what was looked at, and what is there
	Fix   string // a command, "" when nothing is wrong
}

const setupCommand = "git clawql-hooks signing setup"

// status gathers items.
type status struct {
	ctx   context.Context
	dir   string
	place Place
	key   *Key
	now   time.Time
	items []Item
}

// Status looks at everything that signing needs. An error means that it could
// not even begin: no repository, no e-mail.
func Status(ctx context.Context, dir string, test bool, now time.Time) ([]Item, error) {
	place, err := findPlace(ctx, dir, false)
	if err != nil {
		return nil, err
	}
	s := &status{ctx: ctx, dir: dir, place: place, now: now}
	for _, look := range []func(){s.format, s.signingKey, s.present, s.always, s.listed, s.attestation, s.program, s.head} {
		look()
	}
	if test {
		s.test()
	}
	return s.items, nil
}

func (s *status) add(id string, state State, fix, format string, args ...any) {
	if state == OK || state == NA {
		fix = ""
	}
	s.items = append(s.items, Item{id, state, fmt.Sprintf(format, args...), fix})
}

// where says in which file a setting stands.
func where(one Setting) string {
	return one.Scope + " " + strings.TrimPrefix(one.Origin, "file:")
}

func (s *status) value(id, kind, key string) (Setting, bool) {
	one, set, err := setting(s.ctx, s.dir, kind, key)
	if err != nil {
		s.add(id, Unknown, setupCommand, "%v", err)
		return one, false
	}
	if !set {
		s.add(id, Fail, setupCommand, "%s is not set", key)
	}
	return one, set
}

func (s *status) format() {
	if one, set := s.value("format", "", "gpg.format"); set {
		state := Fail
		if one.Value == "ssh" {
			state = OK
		}
		s.add("format", state, setupCommand, "gpg.format is %s (%s)", one.Value, where(one))
	}
}

// signingKey finds the key that user.signingkey names.
func (s *status) signingKey() {
	one, set := s.value("key", "", "user.signingkey")
	if !set {
		return
	}
	key, err := s.read(one.Value)
	if err != nil {
		s.add("key", Fail, setupCommand, "user.signingkey: %v (%s)", err, where(one))
		return
	}
	s.key = &key
	text := fmt.Sprintf("%s (%s)", key.Short(), where(one))
	switch key.Kind {
	case FIDO:
		s.add("key", OK, "", "%s", text)
	case Card:
		s.add("key", Unknown, "clawql.yaml must name it under signing.admit; a FIDO key: "+setupCommand+" --new", "%s: by its name a card, which its signatures do not show", text)
	default:
		s.add("key", Fail, setupCommand+" --new", "%s: software, whoever reads its file can sign", text)
	}
}

func (s *status) read(value string) (Key, error) {
	literal, is := strings.CutPrefix(value, "key::")
	if !is && !strings.HasPrefix(value, "ssh-") { // git takes that for a key too
		path := expand(value, s.place.Home)
		if !strings.HasSuffix(path, ".pub") {
			path += ".pub"
		}
		return readPublic(path)
	}
	return parsePublic("the key itself", []byte(literal))
}

// present asks whether the private half can be used here.
func (s *status) present() {
	if s.key == nil {
		s.add("present", NA, "", "there is no key to look for")
		return
	}
	all, err := agentKeys(s.ctx)
	inAgent := slices.ContainsFunc(all, func(k Key) bool { return k.Fingerprint() == s.key.Fingerprint() })
	handle := strings.TrimSuffix(s.key.Path, ".pub")
	fix := "ssh-add the key on the machine where it is"
	if inside := container(); inside != "" {
		fix = "this is " + inside + ": forward the host's ssh-agent into it (ssh-add -L must show the key)"
	}
	switch {
	case inAgent:
		s.add("present", OK, "", "ssh-agent holds it")
	case s.key.Path != "" && exists(handle) && s.key.Kind == FIDO:
		s.add("present", OK, "", "its handle is %s; --test shows whether the token is there", s.place.show(handle))
	case s.key.Path != "" && exists(handle):
		s.add("present", OK, "", "it is the file %s", s.place.show(handle))
	case err != nil:
		s.add("present", Unknown, fix, "%v", err)
	default:
		s.add("present", Fail, fix, "neither ssh-agent nor a file has its private half")
	}
}

// always looks at what makes git sign without being asked.
func (s *status) always() {
	for _, one := range [][2]string{{"commits", "commit.gpgSign"}, {"tags", "tag.gpgSign"}} {
		found, set := s.value(one[0], "bool", one[1])
		if !set {
			continue
		}
		state := Fail
		if found.Value == "true" {
			state = OK
		}
		s.add(one[0], state, setupCommand, "%s is %s (%s)", one[1], found.Value, where(found))
	}
}

func (s *status) listed() {
	if one, set := s.value("verify", "", "gpg.ssh.allowedSignersFile"); set {
		s.add("verify", OK, "", "git verifies by %s (%s)", s.place.show(one.Value), where(one))
	}
	_, list, err := readList(s.place.List)
	name := s.place.show(s.place.List)
	switch {
	case err != nil:
		s.add("listed", Fail, "put the list right: nobody is admitted by one that cannot be read", "%v", err)
	case list == nil:
		s.add("listed", Fail, setupCommand, "there is no %s", name)
	case s.key == nil:
		s.add("listed", NA, "", "there is no key to look for in %s", name)
	default:
		s.line(list, name)
	}
}

// attestation looks at the record of the key's enrolment.
func (s *status) attestation() {
	if s.key == nil || s.key.Kind != FIDO {
		s.add("attestation", NA, "", "only a FIDO key has one")
		return
	}
	a, err := attested(s.place, *s.key)
	fix := setupCommand + " --new makes a key that has one"
	switch {
	case errors.Is(err, errNoRecord):
		s.add("attestation", Unknown, fix, "%v: software can call itself a security key", err)
	case err != nil:
		state := Unknown
		if fault.Code(err) == fault.CodeNo {
			state = Fail
		}
		s.add("attestation", state, fix, "%v", err)
	case a.Self:
		s.add("attestation", Unknown, fix, "enrolled %s, signed by the key itself: that shows nothing about hardware", a.Enrolled.Format(time.DateOnly))
	case a.Root == "":
		s.add("attestation", Unknown, "put the maker's root certificate to "+s.place.show(filepath.Join(s.place.Attest, rootsFile)),
			"enrolled %s, signed by %q; no root of the project vouches for that maker", a.Enrolled.Format(time.DateOnly), a.Maker)
	default:
		s.add("attestation", OK, "", "enrolled %s on a token that %q vouches for; whether the maker withdrew it is not checked", a.Enrolled.Format(time.DateOnly), a.Root)
	}
}

// program looks at what git runs to sign.
func (s *status) program() {
	one, set, err := setting(s.ctx, s.dir, "", "gpg.ssh.program")
	switch {
	case err != nil:
		s.add("touch", Unknown, setupCommand, "%v", err)
	case !set:
		s.add("touch", Unknown, setupCommand, "nothing tells you when a touch is waited for: gpg.ssh.program is not set")
	case !isOurs(one.Value):
		s.add("touch", Unknown, "git config --unset gpg.ssh.program; "+setupCommand, "gpg.ssh.program is %s (%s): it may or may not tell when a touch is waited for", one.Value, where(one))
	default:
		if _, err := exec.LookPath(expand(one.Value, s.place.Home)); err != nil {
			s.add("touch", Fail, setupCommand, "gpg.ssh.program is %s, which cannot be run: no commit can be made", one.Value)
			return
		}
		s.add("touch", OK, "", "%s tells when a touch is waited for (%s)", filepath.Base(one.Value), where(one))
	}
}

// head verifies what is checked out, by the policy of what it builds on.
func (s *status) head() {
	repo := gitchange.In(s.place.Top)
	id, err := repo.Lookup(s.ctx, "HEAD")
	if err != nil || id == "" {
		s.add("head", NA, "", "there is no commit yet")
		return
	}
	anchor, err := repo.Lookup(s.ctx, "HEAD^1")
	branch, _ := git(s.ctx, s.dir, "symbolic-ref", "--quiet", "--short", "HEAD") // none: judged as on the protected branch
	var report *commitverify.Report
	if err == nil {
		report, err = commitverify.Verify(s.ctx, repo, commitverify.Options{
			Revisions: []string{"--max-count=1", "HEAD"}, Ref: branch, Anchor: anchor, Audit: true, Now: s.now,
		})
	}
	switch {
	case err != nil:
		s.add("head", Unknown, "", "%v", err)
	case len(report.Refused) > 0:
		s.add("head", Fail, report.Refused[0].Hint, "HEAD %.12s does not count: %s", id, report.Refused[0].Text)
	case !report.Demanded:
		s.add("head", NA, "", "no policy asks for HEAD's signature yet: commit %s", s.place.InGit)
	default:
		s.add("head", OK, "", "HEAD %.12s is signed by %s", id, report.Signers[0].Committer)
	}
}

// test makes a real signature, which the token may want a touch for.
func (s *status) test() {
	if s.key == nil {
		s.add("test", NA, "", "there is no key to sign with")
		return
	}
	if err := signOnce(s.ctx, s.place, *s.key); err != nil {
		s.add("test", Fail, "is the token plugged in, and its PIN right?", "%v", err)
		return
	}
	s.add("test", OK, "", "a signature was made, and it is valid")
}
