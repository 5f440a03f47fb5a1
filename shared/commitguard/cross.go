package commitguard

import (
	"context"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/commitverify"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// crossGroup looks at the objects that the updates of a group bring.
func (g *Guard) crossGroup(ctx context.Context, one group, far *side, verdict *Verdict) error {
	objects, err := g.Repo.Here(ctx, one.tips())
	if err != nil {
		return err
	}
	if len(objects) != len(one.updates) {
		return fault.Unable("read what is pushed: %d of %d objects are not in this repository", len(one.updates)-len(objects), len(one.updates))
	}
	var besides, tips []string
	for _, object := range objects {
		if object.Kind == "commit" {
			tips = append(tips, object.ID)
		}
		if object.Kind != "commit" || object.Name != object.ID { // a tag object, a tree, a file
			besides = append(besides, object.Name)
		}
	}
	fresh, edge, err := g.Repo.ReachEdge(ctx, tips, far.have)
	if err != nil {
		return err
	}
	report, err := g.options().Through(ctx, g.Repo, one.anchor, func(l stagedscan.Look) error {
		if err := l.RefNames(ctx, one.names()); err != nil {
			return err
		}
		return l.Commits(ctx, append(fresh, besides...))
	})
	if err != nil {
		return err
	}
	verdict.Scan.Merge(report)
	if far.empty { // nobody has said yet whose signatures count there
		return nil
	}
	for i, u := range one.updates {
		base := []string{u.old}
		if u.old == "" || !u.isBranch() {
			base = edge
		}
		if err := g.crossSigned(ctx, one.anchor, u, objects[i], base, slices.Contains(fresh, objects[i].ID), verdict); err != nil {
			return err
		}
	}
	return nil
}

// crossSigned judges the signatures that one update brings: of the commits on
// top of base, where any is fresh, and of the tag itself.
func (g *Guard) crossSigned(ctx context.Context, anchor string, u update, object gitchange.Object, base []string, fresh bool, verdict *Verdict) error {
	if !asksSignatures(u.ref) {
		return nil
	}
	o := commitverify.Options{Ref: u.ref, Anchor: anchor, Now: g.Now, Tags: []string{object.Name}}
	if fresh || u.old != "" && u.isBranch() {
		o.Revisions = []string{object.ID}
		for _, id := range base {
			o.Revisions = append(o.Revisions, "^"+id)
		}
	}
	asked, err := g.verify(ctx, o, verdict)
	if err != nil || !asked || !strings.HasPrefix(u.ref, "refs/tags/") {
		return err
	}
	return g.crossTag(ctx, u, object, verdict)
}

// crossTag: where signatures count, a tag that is out does not move, and a
// signed tag stands under the name that was signed.
func (g *Guard) crossTag(ctx context.Context, u update, object gitchange.Object, verdict *Verdict) error {
	no := Signature{Ref: u.ref, Commit: u.new, Tag: strings.TrimPrefix(u.ref, "refs/tags/")}
	if u.old != "" {
		no.Reason, no.Hint = "it would move a tag that others have already", "make a new tag: git tag -s NAME"
		verdict.Signatures = append(verdict.Signatures, no)
	}
	if object.Name == object.ID {
		return nil
	}
	name, err := g.Repo.TagName(ctx, object.Name)
	if err != nil {
		return err
	}
	if name != no.Tag {
		no.Reason, no.Hint = "it was signed as a tag of another name", "push it under the name it was made with"
		verdict.Signatures = append(verdict.Signatures, no)
	}
	return nil
}
