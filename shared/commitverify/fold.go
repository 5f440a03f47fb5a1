package commitverify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/project"
)

// trust is the policies that a commit's children are judged by: a signature
// counts only if each of them admits it. There is more than one where a line
// of history does not know of a change that another made: after a merge that
// dropped it, or on a branch that began before the anchor. None asks nothing.
type trust []*policy

// state is what is kept of a commit.
type state struct {
	trust trust
	own   *policy // what its files say
	when  time.Time
}

// fold walks history, parents first.
type fold struct {
	repo     *gitchange.Repo
	objects  *gitchange.Objects
	policies *policies
	o        Options
	branches []string           // that the commits would enter; "" is the protected one
	requires map[*policy]string // what each policy asks for there
	first    trust              // the anchor's
	states   map[string]*state
	outside  map[string]*state // parents that are not among those verified
	edge     map[string]bool   // which those are, says git
	report   *Report
	signers  map[string]*Signer
}

func begin(ctx context.Context, repo *gitchange.Repo, objects *gitchange.Objects, o Options) (*fold, error) {
	f := &fold{repo: repo, objects: objects, policies: newPolicies(objects), o: o, states: map[string]*state{},
		outside: map[string]*state{}, requires: map[*policy]string{}, signers: map[string]*Signer{}, report: &Report{Policy: "none"}}
	for _, ref := range append([]string{o.Ref}, o.Also...) {
		f.branches = append(f.branches, branchOf(ref))
	}
	if o.Anchor == "" {
		return f, nil
	}
	id, err := f.anchor(ctx)
	if err != nil {
		return nil, err
	}
	at, err := f.elsewhere(id)
	if err != nil {
		return nil, fmt.Errorf("read the policy of %s: %w", o.Anchor, err)
	}
	if at.own.broken != nil {
		return nil, fault.Usage("the policy of commit %s cannot be used: %w", short(id), at.own.broken).
			Hint("nothing can be judged by it: put it right in one commit that is let in without the hooks")
	}
	if at.own.demands {
		f.first, f.report.Policy = trust{at.own}, id
		f.demand(at.own)
	}
	for _, other := range f.outside {
		other.trust = f.first
	}
	return f, nil
}

// anchor is the full id of the anchor; git is asked only for a name.
func (f *fold) anchor(ctx context.Context) (string, error) {
	name := f.o.Anchor
	if (len(name) == 40 || len(name) == 64) && strings.Trim(name, "0123456789abcdef") == "" {
		return name, nil
	}
	id, err := f.repo.Lookup(ctx, name)
	if err == nil && id == "" {
		err = fault.Unable("read the policy of %s: there is no such commit in this clone", name).Hint("git fetch")
	}
	return id, err
}

func (f *fold) demand(p *policy) {
	f.report.Demanded, f.report.Require = true, f.requirement(p)
}

// branchOf is the name of a branch, and "" for any other reference: a tag, or
// what a forge makes a branch of.
func branchOf(ref string) string {
	if ref = strings.TrimPrefix(ref, "refs/heads/"); strings.HasPrefix(ref, "refs/") {
		return ""
	}
	return ref
}

// requirement is what p asks of commits that enter all the branches.
func (f *fold) requirement(p *policy) string {
	if known, ok := f.requires[p]; ok {
		return known
	}
	most := ""
	for _, branch := range f.branches {
		one := p.project.SigningRequired(cmp.Or(branch, p.project.Change.ProtectedBranch), f.o.Now)
		if most == "" || project.StrongerSignature(one, most) {
			most = one
		}
	}
	f.requires[p] = most
	return most
}

func (f *fold) run(ctx context.Context) error {
	if f.o.Commit != "" {
		if err := f.alone(ctx, f.o.Commit); err != nil {
			return err
		}
	}
	if len(f.o.Revisions) > 0 {
		ids, edge, err := f.repo.RevList(ctx, f.o.Revisions...)
		if err != nil {
			return err
		}
		f.edge = edge
		if err := f.each(ctx, ids); err != nil {
			return err
		}
	}
	return f.tags()
}

// commit judges one commit, and says what its children are judged by.
func (f *fold) commit(ctx context.Context, i *item) error {
	f.report.Commits++
	own, err := f.policies.of(i.id, i.tree.Content, len(i.id)/2)
	if err != nil {
		return err
	}
	parents := make([]*state, len(i.parents))
	for n, id := range i.parents {
		if parents[n], err = f.parent(id); err != nil {
			return err
		}
	}
	here := &state{own: own, when: i.when}
	if here.trust, err = f.step(ctx, i, own, parents); err != nil {
		return err
	}
	f.states[i.id] = here
	return nil
}

// parent is the state of a commit that was judged, or lies outside.
func (f *fold) parent(id string) (*state, error) {
	if known, ok := f.states[id]; ok {
		return known, nil
	}
	if !f.edge[id] {
		return nil, fault.Unable("git rev-list left out commit %s, on which others build", short(id))
	}
	return f.elsewhere(id)
}

// elsewhere reads a commit that is not judged: what came before. Its line is
// judged by what the anchor says, whatever its own files say: a branch that
// begins before a key was removed does not bring the key back.
func (f *fold) elsewhere(id string) (*state, error) {
	if known, ok := f.outside[id]; ok {
		return known, nil
	}
	one, err := f.read(id)
	if err == nil {
		err = one.check()
	}
	if err != nil {
		return nil, fault.Unable("read commit %s, which others build on: %w", short(id), err).
			Hint("fetch the whole history: git fetch --unshallow; in CI fetch-depth: 0")
	}
	own, err := f.policies.of(id, one.tree.Content, len(id)/2)
	if err != nil {
		return nil, err
	}
	f.outside[id] = &state{trust: f.first, own: own, when: timeOf(one.raw.Content)}
	return f.outside[id], nil
}

// fewCommits are read one by one: a hook that looks at one commit starts no
// second child of git.
const fewCommits = 8

func (f *fold) each(ctx context.Context, ids []string) error {
	if len(ids) > fewCommits {
		return each(ctx, f.repo, ids, func(i *item) error { return f.commit(ctx, i) })
	}
	for _, id := range ids {
		one, err := f.opened(id)
		if err != nil {
			return err
		}
		if err := f.commit(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// alone judges one commit on the edge of what was let in.
func (f *fold) alone(ctx context.Context, id string) error {
	one, err := f.opened(id)
	if err != nil {
		return err
	}
	f.edge = map[string]bool{}
	for _, parent := range one.parents {
		f.edge[parent] = true
	}
	return f.commit(ctx, one)
}

func (f *fold) opened(id string) (*item, error) {
	one, err := f.read(id)
	if err != nil {
		return nil, err
	}
	one.open()
	return &one, one.err
}

// read asks for a commit and its root tree.
func (f *fold) read(id string) (item, error) {
	one := item{id: id}
	for n, name := range []string{id, id + "^{tree}"} {
		content, kind, err := f.objects.Get(name)
		if err != nil {
			return one, err
		}
		object := gitchange.Object{Name: name, ID: nameOf(kind, content, len(id)), Kind: kind, Content: content, Size: int64(len(content))}
		if object.Size > maxObject {
			object.ID, object.Content = id, nil
		}
		if n == 0 {
			one.raw = object
		} else {
			one.tree = object
		}
	}
	return one, nil
}

func (f *fold) finish() *Report {
	for _, s := range f.signers {
		f.report.Signers = append(f.report.Signers, *s)
	}
	slices.SortFunc(f.report.Signers, func(a, b Signer) int {
		return cmp.Or(b.Commits-a.Commits, strings.Compare(a.Committer+a.Fingerprint, b.Committer+b.Fingerprint))
	})
	return f.report
}

func short(id string) string { return id[:min(len(id), 12)] }
