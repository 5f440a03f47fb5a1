package stagedscan

import (
	"bytes"
	"context"
	"strings"

	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// withoutChance leaves out what rules of gitleaks find in the base64 of a
// commit's or tag's own SSH signature, which is chance: one key in a thousand
// or so would have every commit refused. It must be a signature that belongs to
// the object, so nobody chooses its bytes; and ClawQL's tokens and live values
// are found there all the same.
func (s *scan) withoutChance(ctx context.Context, in string, text []byte, found []Finding) ([]Finding, error) {
	bare, ok := withoutSignature(in, text)
	if len(found) == 0 || !ok {
		return found, nil
	}
	outside, err := s.look(ctx, "", bare)
	if err != nil {
		return nil, err
	}
	var kept []Finding
	for _, f := range found {
		keep := strings.HasPrefix(f.Rule, "clawql-") || f.Rule == RuleLive
		for _, other := range outside {
			keep = keep || other.Rule == f.Rule && other.Secret.Same(f.Secret)
		}
		if keep {
			kept = append(kept, f)
		}
	}
	return kept, nil
}

// withoutSignature takes a signature out that belongs to the object; ok is
// false where there is none.
func withoutSignature(in string, text []byte) (bare []byte, ok bool) {
	if in == InTag {
		start := bytes.LastIndex(text, []byte("\n-----BEGIN SSH SIGNATURE-----\n"))
		if _, err := sshsign.InspectTag(text); err != nil || start < 0 {
			return nil, false
		}
		return text[:start+1], true
	}
	if _, err := sshsign.Inspect(text); err != nil {
		return nil, false
	}
	head, message, _ := bytes.Cut(text, []byte("\n\n"))
	inSignature := false
	for line := range bytes.Lines(append(bytes.Clone(head), '\n')) {
		inSignature = bytes.HasPrefix(line, []byte("gpgsig")) || inSignature && line[0] == ' '
		if !inSignature {
			bare = append(bare, line...)
		}
	}
	return append(append(bare, '\n'), message...), true
}
