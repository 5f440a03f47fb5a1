package commitverify

import (
	"context"
	"slices"

	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// unsignedMerge says whether a refused commit may still count: a merge of two
// without a signature of a person, where every policy lets such merges in.
func (f *fold) unsignedMerge(i *item, judges trust, no *sshsign.Refusal) bool {
	ofAForge := no.Reason == sshsign.Unsigned || no.Reason == sshsign.ForeignFormat
	return ofAForge && len(i.parents) == 2 && !slices.ContainsFunc(judges, func(p *policy) bool {
		return p.project.Signing == nil || p.project.Signing.Merges != project.MergesAutomatic
	})
}

// automatic does the merge again. If git makes the same tree of the two parents
// by itself, the merge holds nothing that was not signed; a forge's signature
// on it is not looked at, since nothing of it has to be believed.
func (f *fold) automatic(ctx context.Context, i *item, parents []*state, no *sshsign.Refusal) (*sshsign.Refusal, error) {
	if late := f.plausible(i.when, parents); late != nil {
		return late, nil
	}
	tree, err := f.repo.AutomaticMerge(ctx, i.parents[0], i.parents[1])
	if err != nil {
		return nil, err
	}
	if tree == i.tree.ID {
		f.report.Merges++
		return nil, nil
	}
	text := ", and git makes another tree of its parents by itself"
	if tree == "" {
		text = ", and its parents do not merge without conflicts"
	}
	return &sshsign.Refusal{Reason: no.Reason, Text: no.Text + text, Hints: []string{"merge on your machine: git merge -S"}}, nil
}
