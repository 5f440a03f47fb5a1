package signsetup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/sshsign"
	"golang.org/x/crypto/ssh"
)

// readList reads the list of allowed signers; nil text when there is none.
func readList(path string) ([]byte, *sshsign.AllowedSigners, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fault.Unable("read allowed signers: %w", err)
	}
	list, err := sshsign.ParseAllowedSigners(path, text)
	return text, list, err
}

// planList sees whether the list has a line for key and committer that counts
// now.
func (p *Plan) planList(ctx context.Context) error {
	_, list, err := readList(p.Place.List)
	if err != nil {
		return err
	}
	name := p.Place.show(p.Place.List)
	if _, err := git(ctx, p.Place.Top, "check-ignore", "-q", "--", p.Place.List); err == nil && !p.Place.Global {
		p.warn("git ignores %s: nobody else will know the signers until .gitignore lets it in", name)
	}
	if p.Key != nil && list.Lists(p.Key.Public, p.Place.Email, p.o.Now) {
		p.step("list", true, "%s stands in %s", p.Place.Email, name)
		return nil
	}
	p.step("list", false, "%s to %s, for git, from now on", p.Place.Email, name)
	return nil
}

// addToList puts a line for the key at the end of the list, in one step.
func addToList(path, email string, key ssh.PublicKey, now time.Time) error {
	text, list, err := readList(path)
	if err != nil || list.Lists(key, email, now) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault.Unable("write allowed signers: %w", err)
	}
	if len(text) > 0 && !strings.HasSuffix(string(text), "\n") {
		text = append(text, '\n')
	}
	line := fmt.Sprintf("%s namespaces=\"git\",valid-after=\"%s\" %s", email, now.UTC().Format("20060102150405Z"), ssh.MarshalAuthorizedKey(key))
	text = append(text, line...)
	if _, err := sshsign.ParseAllowedSigners(path, text); err != nil {
		return err // never leave a list that admits nobody
	}
	return replaceFile(path, text, 0o644)
}

// line says what the list says of the key.
func (s *status) line(list *sshsign.AllowedSigners, name string) {
	key := s.key.Public
	if text, err := os.ReadFile(s.place.Revoke); err == nil {
		if err := list.Revoke(s.place.Revoke, text); err != nil {
			s.add("listed", Fail, "put it right", "%v", err)
			return
		}
	}
	err := list.Names(key, s.place.Email, s.now)
	if err != nil {
		s.add("listed", Fail, setupCommand+"; then somebody listed commits it", "%s: %v", name, err)
		return
	}
	s.add("listed", OK, "", "%s may sign with it, by %s", s.place.Email, name)
}
