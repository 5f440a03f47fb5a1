package stagedscan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// A pointer of Git LFS, https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md:
// under 1024 bytes, the version first.
var (
	pointerLine = []byte("version https://git-lfs.github.com/spec/v1\n")
	pointerOID  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^oid sha256:([0-9a-f]{64})\r?$`) })
)

// pointed finds what the content holds that a pointer of Git LFS stands for,
// where it is in this repository: `git push` sends it. Where it is not, this
// push cannot send it.
func (s *scan) pointed(ctx context.Context, name string, content []byte) ([]Finding, error) {
	if len(content) >= 1024 || !bytes.HasPrefix(content, pointerLine) {
		return nil, nil
	}
	id := pointerOID().FindSubmatch(content)
	if id == nil {
		return nil, nil
	}
	store, err := s.lfs()
	if err != nil {
		return nil, err
	}
	oid := string(id[1])
	file := filepath.Join(store, oid[:2], oid[2:4], oid)
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fault.Unable("read the LFS object of %s: %w", s.redact(name), errors.Unwrap(err))
	case info.Size() > gitchange.Largest:
		return []Finding{unread(name, "stands for an LFS object that "+tooLarge, oid)}, nil
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Unable("read the LFS object of %s: %w", s.redact(name), errors.Unwrap(err))
	}
	found, err := s.look(ctx, name, stored)
	if err != nil {
		return nil, err
	}
	inner, err := s.unpack(ctx, name, stored)
	return append(found, inner...), err
}

// submoduleURL is a line of .gitmodules.
var submoduleURL = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^[ \t]*(?:url|pushurl)[ \t]*=[ \t]*"?([^"\r\n]+)`)
})

// credentials finds a password in the URLs of .gitmodules: gitleaks has no
// rule for it, and everyone who clones gets it.
func credentials(name string, content []byte) []Finding {
	if path.Base(strings.ReplaceAll(name, "!", "/")) != ".gitmodules" {
		return nil
	}
	var found []Finding
	for _, at := range submoduleURL().FindAllSubmatchIndex(content, -1) {
		written := strings.TrimSpace(string(content[at[2]:at[3]]))
		parsed, err := url.Parse(written)
		if err != nil || parsed.User == nil {
			continue
		}
		password, has := parsed.User.Password()
		if !has || password == "" || strings.ContainsAny(password, "${}<>") { // a variable, a place holder
			continue
		}
		line := 1 + bytes.Count(content[:at[2]], []byte("\n"))
		found = append(found, Finding{In: InContent, Finding: secretscan.Finding{
			Rule: RuleURL, Description: "A password in the URL of a submodule: everyone who clones gets it.", File: name,
			StartLine: line, EndLine: line, StartColumn: 1, Secret: secretscan.SecretOf(password),
		}})
	}
	return found
}
