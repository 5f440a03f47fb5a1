package commitverify

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// How far clocks may differ. A time is the committer's claim; it is held
// between the parents' time and now.
const (
	skew     = 10 * time.Minute // a commit may lie in the future by this
	backdate = 24 * time.Hour   // a commit may be older than its parents by this
)

// judge is nil if each of the policies admits the commit.
func (f *fold) judge(i *item, judges trust, parents []*state) *sshsign.Refusal {
	if i.refusal != nil {
		return asRefusal(i.refusal)
	}
	if no := f.plausible(i.signed.Time, parents); no != nil {
		return no
	}
	admitted := false
	for _, one := range judges {
		exempt, no := f.admits(one, i.signed)
		if no != nil {
			return no
		}
		admitted = admitted || exempt
	}
	f.count(i.signed, admitted)
	return nil
}

// admits asks one policy. exempt says that the key is no security key, and
// named by signing.admit.
func (f *fold) admits(p *policy, s sshsign.Signed) (exempt bool, no *sshsign.Refusal) {
	if p.broken != nil {
		return false, sshsign.Refuse(PolicyBroken, "the policy of commit %s cannot be used: %v", short(p.at), p.broken)
	}
	if !p.listed {
		no := sshsign.Refuse(sshsign.NotListed, "there is no list of allowed signers at %s as of commit %s", p.path, short(p.at))
		no.Hints = []string{"git clawql-hooks signing setup"}
		return false, no
	}
	times := []time.Time{s.Time}
	if !f.o.Audit {
		times = append(times, f.o.Now)
	}
	if _, err := p.signers.Admit(s, times...); err != nil {
		return false, asRefusal(err)
	}
	exempt = !s.Hardware && p.project.SigningAdmitted(s.Fingerprint, f.o.Now)
	if exempt {
		return true, nil
	}
	return false, asRefusal(f.required(p).Check(s))
}

// required is what the branch asks for, in the words of sshsign.
func (f *fold) required(p *policy) sshsign.Policy {
	switch f.requirement(p) {
	case project.RequireSignature:
		return sshsign.Policy{}
	case project.RequireTouch:
		return sshsign.Policy{RequireHardware: true, RequireTouch: true}
	}
	return sshsign.Policy{RequireHardware: true, RequireTouch: true, RequireVerification: true}
}

// plausible refuses a commit from the future, and one that says it is much
// older than what it builds on: so would a key of old be used again.
func (f *fold) plausible(when time.Time, parents []*state) *sshsign.Refusal {
	if when.After(f.o.Now.Add(skew)) {
		return untimely("its time lies in the future: %s", when.Format(time.RFC3339))
	}
	for _, p := range parents {
		floor := p.when
		if floor.After(f.o.Now) {
			floor = f.o.Now
		}
		if when.Before(floor.Add(-backdate)) {
			return untimely("it is dated %s, and builds on a commit of %s", when.Format(time.RFC3339), floor.Format(time.RFC3339))
		}
	}
	return nil
}

func untimely(format string, args ...any) *sshsign.Refusal {
	no := sshsign.Refuse(sshsign.OutOfTime, format, args...)
	no.Hints = []string{"set the clock right, then sign it anew: git commit --amend --no-edit -S"}
	return no
}

func asRefusal(err error) *sshsign.Refusal {
	if err == nil {
		return nil
	}
	var no *sshsign.Refusal
	if errors.As(err, &no) {
		return no
	}
	return sshsign.Refuse(sshsign.Malformed, "%v", err)
}

func (f *fold) refuse(i *item, no *sshsign.Refusal) {
	one := Refusal{Commit: i.id, Subject: i.subject, Reason: string(no.Reason), Text: no.Text}
	if len(no.Hints) > 0 {
		one.Hint = no.Hints[0]
	}
	f.report.Refused = append(f.report.Refused, one)
}

// count adds an accepted signature to its signer's.
func (f *fold) count(s sshsign.Signed, admitted bool) {
	key := s.Committer + "\x00" + s.Fingerprint
	one, ok := f.signers[key]
	if !ok {
		one = &Signer{Committer: s.Committer, KeyType: s.KeyType, Fingerprint: s.Fingerprint, Hardware: s.Hardware, Touched: true, UserVerified: true}
		f.signers[key] = one
	}
	one.Commits++
	one.Touched = one.Touched && s.Touched
	one.UserVerified = one.UserVerified && s.UserVerified
	one.Admitted = one.Admitted || admitted
}

// timeOf is the committer's time of a commit that is not judged; the zero time
// where it cannot be read.
func timeOf(raw []byte) time.Time {
	_, rest, ok := bytes.Cut(raw, []byte("\ncommitter "))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	words := bytes.Fields(line[bytes.LastIndexByte(line, '>')+1:])
	if !ok || len(words) == 0 {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(string(words[0]), 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
