package commitverify

import (
	"context"
	"fmt"
	"slices"

	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// Reasons of this package, beside those of sshsign.
const (
	PolicyRemoved sshsign.Reason = "policy removed" // takes the list away
	PolicyBroken  sshsign.Reason = "policy broken"  // makes it unreadable
	TagMisnamed   sshsign.Reason = "tag misnamed"   // signed under another name
)

// step judges a commit by what its parents are trusted with, and returns what
// its own children are judged by.
func (f *fold) step(ctx context.Context, i *item, own *policy, parents []*state) (trust, error) {
	judges, before := f.judges(parents)
	if len(judges) == 0 {
		return f.beginning(i, own), nil
	}
	f.report.Judged++
	no := f.judge(i, judges, parents)
	if no != nil && own == before && f.unsignedMerge(i, judges, no) {
		var err error
		if no, err = f.automatic(ctx, i, parents, no); err != nil {
			return nil, err
		}
	}
	if no == nil {
		no = changeRefused(own, before)
	}
	if no != nil {
		f.refuse(i, no)
		return judges, nil // what it changes does not count
	}
	return f.after(i, own, before, judges, parents), nil
}

// judges are the policies that must admit the commit: those of its first
// parent, and those of any other parent whose line changed the policy.
func (f *fold) judges(parents []*state) (judges trust, before *policy) {
	for n, p := range parents {
		if n == 0 {
			judges, before = slices.Clone(p.trust), p.own
			continue
		}
		for _, one := range p.trust {
			if !slices.Contains(f.first, one) && !slices.Contains(judges, one) {
				judges = append(judges, one)
			}
		}
	}
	if len(parents) == 0 { // a root beside the known history
		judges = slices.Clone(f.first)
	}
	return judges, before
}

// beginning is a commit before which nothing asked for signatures. If it
// brings a policy, somebody on its own list must have signed it.
func (f *fold) beginning(i *item, own *policy) trust {
	if !own.demands {
		return nil
	}
	f.report.Judged++
	if own.broken != nil {
		f.refuse(i, sshsign.Refuse(PolicyBroken, "it brings a policy that cannot be used: %v", own.broken))
		return trust{own}
	}
	f.demand(own)
	if no := f.judge(i, trust{own}, nil); no != nil {
		f.refuse(i, no)
		return trust{own}
	}
	f.note(i, "trust begins here: it brings %s and is signed by somebody on it; nobody vouches for that", own.path)
	if f.report.Policy == "none" {
		f.report.Policy = i.id
	}
	return trust{own}
}

// changeRefused says what no signer can do: leave the repository without a
// policy that can be used.
func changeRefused(own, before *policy) *sshsign.Refusal {
	switch {
	case own == before:
		return nil
	case own.broken != nil:
		return sshsign.Refuse(PolicyBroken, "it makes the policy unusable: %v", own.broken)
	case !own.listed && before != nil && before.listed:
		no := sshsign.Refuse(PolicyRemoved, "it leaves the repository without the list of allowed signers (%s)", own.path)
		no.Hints = []string{"keep the list; a signer who leaves is taken out of it, or put under valid-before"}
		return no
	}
	return nil
}

// after is what counts after an accepted commit. A change of the policy puts
// its own in place of those that its parents' files had; a policy that none of
// them had (the anchor's, on a branch that began before it) goes on to count.
func (f *fold) after(i *item, own, before *policy, judges trust, parents []*state) trust {
	if own == before || len(parents) == 0 && !own.demands {
		return judges
	}
	next := trust{own}
	for _, one := range judges {
		had := func(p *state) bool { return p.own == one }
		if one != own && !slices.ContainsFunc(parents, had) {
			next = append(next, one)
		}
	}
	switch {
	case slices.Contains(judges, own): // only caught up with it
	case len(next) > 1:
		f.note(i, "it changes a policy that is not the newest: both count on this branch until they are merged")
	default:
		f.note(i, "it changes the policy, and is signed by somebody whom the policy before admits")
	}
	return next
}

func (f *fold) note(i *item, format string, args ...any) {
	f.report.Notes = append(f.report.Notes, Note{i.id, fmt.Sprintf(format, args...)})
}
