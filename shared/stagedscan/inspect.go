package stagedscan

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/clawql/clawql-workbench/shared/archive"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// The rules that are not secretscan's.
const (
	RuleUnread = "archive-unread" // an archive that could not be looked into, or a file that is too large
	RuleLive   = "live-secret"    // a value that the vault session around this process holds
	RuleURL    = "url-credentials"
	RuleThreat = "agent-threat" // the beginning of the rules of the tool for agent threats
)

// inspect finds what the content of a file holds: by the rules, by the values
// of the vault session, in archives within it, in the file that a pointer of
// Git LFS stands for, and in the URLs of submodules.
func (s *scan) inspect(ctx context.Context, path string, content []byte) ([]Finding, error) {
	found, err := s.look(ctx, path, content)
	if err != nil {
		return nil, err
	}
	inner, err := s.unpack(ctx, path, content)
	if err != nil {
		return nil, err
	}
	stored, err := s.pointed(ctx, path, content)
	return append(append(append(found, inner...), stored...), credentials(path, content)...), err
}

// look finds what stands in a text itself.
func (s *scan) look(ctx context.Context, path string, content []byte) ([]Finding, error) {
	some, err := s.policy.Scan(ctx, path, content)
	var found []Finding
	for _, f := range some {
		found = append(found, Finding{Finding: f, In: InContent})
	}
	return append(found, s.liveIn(path, content)...), err
}

// words scans a name, such as that of a file or of a ref.
func (s *scan) words(ctx context.Context, in, file, text string) ([]Finding, error) {
	found, err := s.look(ctx, "", []byte(text))
	for i := range found {
		f := &found[i]
		f.In, f.File, f.StartLine, f.EndLine = in, file, 0, 0
	}
	return found, err
}

// liveIn finds the values that the vault session holds.
func (s *scan) liveIn(path string, content []byte) []Finding {
	if s.live == nil {
		return nil
	}
	var found []Finding
	for _, hit := range s.live.Find(content) {
		line := 1 + bytes.Count(content[:hit.Offset], []byte("\n"))
		found = append(found, Finding{In: InContent, Why: "is the value of " + hit.Name + " in the vault session (" + hit.Encoding + ")", Finding: secretscan.Finding{
			Rule: RuleLive, Description: "A live secret of the vault session: " + hit.Name + ".", File: path,
			StartLine: line, EndLine: line, StartColumn: hit.Offset - bytes.LastIndexByte(content[:hit.Offset], '\n'),
			Secret: secretscan.SecretOf(string(content[hit.Offset : hit.Offset+hit.Length])),
		}})
	}
	return found
}

// unpack looks into archives, one at a time: that bounds the memory. What
// cannot be looked at is a finding: a secret may lie there.
func (s *scan) unpack(ctx context.Context, path string, content []byte) (found []Finding, err error) {
	if s.Archives.Depth == 0 || archive.KindOf(content) == "" {
		return nil, nil
	}
	s.unpacking.Lock()
	defer s.unpacking.Unlock()
	var closed []string // what could not be looked at
	limits := s.Archives
	if s.ArchiveBytes > 0 && s.unpacked >= s.ArchiveBytes {
		return []Finding{unread(path, fmt.Sprintf("comes after %d MiB from other archives, more than one scan takes out", s.ArchiveBytes>>20), digest(content))}, nil
	}
	if s.ArchiveBytes > 0 {
		limits.Bytes = min(limits.Bytes, s.ArchiveBytes-s.unpacked)
	}
	visit := archive.Visitor{
		Member: func(m archive.Member) error {
			s.unpacked += int64(len(m.Content))
			some, err := s.memberOf(ctx, path, m)
			found = append(found, some...)
			return err
		},
		Unread: func(inner, why string) error {
			if inner != path {
				why = "holds " + strings.TrimPrefix(strings.TrimPrefix(inner, path), archive.Separator) + ", which " + why
			}
			closed = append(closed, why)
			return nil
		},
	}
	err = archive.Walk(ctx, path, content, limits, visit)
	if n := len(closed); n > 1 {
		closed[0] += fmt.Sprintf(", and %d more such", n-1)
	}
	if len(closed) > 0 {
		found = append(found, unread(path, closed[0], digest(content)))
	}
	return found, err
}

// memberOf scans one member of the archive at path: content, name, notes.
func (s *scan) memberOf(ctx context.Context, path string, m archive.Member) ([]Finding, error) {
	found, err := s.look(ctx, m.Path, m.Content)
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(m.Path, path)
	for _, text := range []string{name[strings.LastIndex(name, archive.Separator)+1:], m.Notes} {
		if text == "" {
			continue
		}
		some, err := s.words(ctx, InName, m.Path, text)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	for i := range found {
		found[i].Finding = found[i].Detached() // the content goes when the call ends
	}
	return append(found, credentials(m.Path, m.Content)...), nil
}

// unread is the finding for an archive that could not be looked into; id names
// its content, and only that content can be excepted.
func unread(path, why, id string) Finding {
	return Finding{In: InContent, Why: why, Finding: secretscan.Finding{
		Rule: RuleUnread, Description: "What cannot be searched for secrets: it " + why + ".",
		File: path, Secret: secretscan.SecretOf(id),
	}}
}
