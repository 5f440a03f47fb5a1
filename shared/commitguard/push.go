package commitguard

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// patience is how long the remote may take to say what it has; a person may
// have to type a password or touch a key for it.
const patience = 2 * time.Minute

// PrePush judges all that a push would bring to the repository at url: lines
// `LOCAL-REF NEW REF OLD` on stdin. It believes neither receipts nor
// remote-tracking branches, only what the remote itself says it has: the old
// ids that git hands over and, for a new reference, all that it advertises.
func (g *Guard) PrePush(ctx context.Context, url string, in io.Reader) (*Verdict, error) {
	updates, err := readUpdates(in, 4, pushLine)
	if err == nil {
		err = checkAll(updates)
	}
	if err != nil {
		return nil, err
	}
	far, err := g.remote(ctx, url, updates)
	if err != nil {
		return nil, err
	}
	return g.cross(ctx, updates, far)
}

// PreReceive judges, in the repository that is pushed to, what a push brings:
// lines `OLD NEW REF` on stdin. What the repository's references have is old.
func (g *Guard) PreReceive(ctx context.Context, in io.Reader) (*Verdict, error) {
	updates, err := readUpdates(in, 3, transactionLine)
	if err == nil {
		err = checkAll(updates)
	}
	if err != nil {
		return nil, err
	}
	refs, err := g.Repo.Refs(ctx)
	if err != nil {
		return nil, err
	}
	far := &side{empty: len(refs) == 0}
	for _, ref := range refs {
		far.have = append(far.have, ref.ID)
	}
	if far.head, err = g.Repo.Lookup(ctx, "HEAD"); err != nil {
		return nil, err
	}
	return g.cross(ctx, updates, far)
}

// Range judges what a reference brings on top of a commit, by that commit's
// policy: for CI, which runs when the push has happened.
func (g *Guard) Range(ctx context.Context, base, tip, ref string) (*Verdict, error) {
	far := &side{have: []string{base}, head: base}
	u := update{ref: ref, new: tip}
	if !isID(base) || !isID(tip) || !strings.HasPrefix(ref, "refs/") {
		return nil, fault.Usage("run ci %.80q %.80q %.80q: write the ids of two commits, and the full name of a reference", base, tip, ref)
	}
	return g.cross(ctx, []update{u}, far)
}

// side is the repository that is pushed to.
type side struct {
	have  []string // ids of what it has
	head  string   // its HEAD, where the policy for new references stands
	empty bool     // it has nothing yet
}

// remote finds out what the remote has. Where every update is of a reference
// that it has, git has told already.
func (g *Guard) remote(ctx context.Context, url string, updates []update) (*side, error) {
	far := &side{}
	ask := false
	for _, u := range updates {
		if u.old != "" {
			far.have = append(far.have, u.old)
		}
		ask = ask || u.moves() && (u.old == "" || !u.isBranch())
	}
	if !ask {
		return far, nil
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	refs, err := g.Repo.Advertised(ctx, url)
	if err != nil {
		return nil, fault.Unable("find out what the remote has already: %w", err).Hint("the policy for a new branch or tag is the remote's: try again when it answers")
	}
	far.empty = len(refs) == 0
	for _, ref := range refs {
		far.have = append(far.have, ref.ID)
		if ref.Name == "HEAD" {
			far.head = ref.ID
		}
	}
	return far, nil
}

// cross judges what would come to the other side.
func (g *Guard) cross(ctx context.Context, updates []update, far *side) (*Verdict, error) {
	verdict := &Verdict{}
	updates = slices.DeleteFunc(updates, func(u update) bool { return !u.moves() })
	if len(updates) == 0 {
		return verdict, nil
	}
	have, err := g.Repo.Here(ctx, far.have)
	if err != nil {
		return nil, err
	}
	groups, err := g.farGroups(ctx, updates, far, have)
	if err != nil {
		return nil, err
	}
	for _, one := range groups {
		if err := g.crossGroup(ctx, one, far, verdict); err != nil {
			return nil, err
		}
	}
	return verdict, nil
}

// farGroups puts updates together by the commit whose policy counts: what the
// reference is now on the other side, else the other side's HEAD.
func (g *Guard) farGroups(ctx context.Context, updates []update, far *side, have []gitchange.Object) ([]group, error) {
	commits := map[string]string{}
	for _, one := range have {
		if one.Kind == "commit" {
			commits[one.Name] = one.ID
		}
	}
	first := ""
	if far.empty {
		var err error
		if first, err = g.firstTip(ctx, updates); err != nil {
			return nil, err
		}
	}
	var all []group
	for _, u := range updates {
		anchor := ""
		if u.isBranch() { // a tag stays where it is, and so would its policy
			anchor = commits[u.old]
		}
		switch {
		case anchor != "":
		case far.empty:
			anchor = first
		case commits[far.head] != "":
			anchor = commits[far.head]
		default:
			return nil, noPolicy(u, far)
		}
		all = into(all, anchor, u)
	}
	return all, nil
}

func noPolicy(u update, far *side) error {
	if u.old != "" || far.head != "" {
		return fault.Unable("judge %s: what the remote has there is not in this clone", u.ref).Hint("git fetch, then push again")
	}
	return fault.Unable("judge %s: HEAD of the repository pushed to names no branch that is there, so its policy is not known", u.ref).
		Hint("there: git symbolic-ref HEAD refs/heads/main")
}

// firstTip is the policy of a repository that has nothing yet: that of the
// first branch pushed to it, main or master before others.
func (g *Guard) firstTip(ctx context.Context, updates []update) (string, error) {
	tip := updates[0].new
	for _, name := range []string{"refs/heads/", "refs/heads/master", "refs/heads/main"} {
		for _, u := range updates {
			if strings.HasPrefix(u.ref, "refs/heads/") && name == "refs/heads/" || u.ref == name {
				tip = u.new
				break
			}
		}
	}
	here, err := g.Repo.Here(ctx, []string{tip})
	if err != nil || len(here) == 0 || here[0].Kind != "commit" {
		return "", fault.Unable("judge a first push without a branch: %w", orMissing(err)).Hint("push the main branch first")
	}
	return here[0].ID, nil
}

func orMissing(err error) error {
	if err != nil {
		return err
	}
	return gitchange.ErrMissing
}
