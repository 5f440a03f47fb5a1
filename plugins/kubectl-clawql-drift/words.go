package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/drift/rbac"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// says is a finding for a person: the witness as a sentence, and what the
// difference comes to in all ("" where the sentence has said it).
func says(f finding.Finding, from, to string) (witness, inAll string) {
	if f.Witness == nil {
		return f.Explanation, between(f)
	}
	allows, denies := from, to
	if f.Direction == finding.Stricter {
		allows, denies = to, from
	}
	switch text := f.Witness.Text; f.Witness.Kind {
	case "connection":
		src, rest, _ := strings.Cut(text, " -> ")
		if at := strings.LastIndex(rest, " port "); at >= 0 {
			port := rest[at+len(" port "):]
			_, inAll, _ = strings.Cut(f.Explanation, "; ports in all: ")
			number, protocol, _ := strings.Cut(port, "/")
			return fmt.Sprintf("%s lets %s reach %s on %s; %s does not", allows, src, rest[:at], port, denies), unless(inAll, "ports in all: ", protocol+" "+number)
		}
	case "api-request": // of RBAC the object is who asks; of a policy the text is all there is to say
		if f.Control != rbac.Control {
			break
		}
		request := strings.TrimPrefix(text, f.Object.Kind+" "+f.Object.String()+": ")
		return fmt.Sprintf("%s: can %s; %s: no", allows, request, denies), unless(list(f), "in all: ", request)
	case "vault-login":
		return fmt.Sprintf("%s: %s; %s: no", allows, text, denies), f.Explanation
	case "vault-request":
		return fmt.Sprintf("%s lets its holder %s; %s does not", allows, text, denies), unless(list(f), "in all: ", text)
	}
	if strings.Contains(f.Explanation, f.Witness.Text) || strings.HasSuffix(f.Witness.Text, f.Object.Kind+" "+f.Object.String()) {
		return f.Explanation, ""
	}
	return f.Explanation, "witness: " + f.Witness.Text
}

// between is what stands where no side is the more permissive one.
func between(f finding.Finding) string {
	if f.From == "" && f.To == "" {
		return ""
	}
	return f.From + " -> " + f.To
}

// list is what an explanation counts up behind its colon.
func list(f finding.Finding) string {
	_, text, _ := strings.Cut(f.Explanation, " does not: ")
	return text
}

// unless is text behind its label, nothing where it was said already.
func unless(text, label, said string) string {
	if text == "" || text == said {
		return ""
	}
	return label + text
}

// kindAndName names the object; a control of the object's own kind is not said
// twice.
func kindAndName(f finding.Finding) string {
	kind := strings.ToLower(strings.ReplaceAll(f.Control, " ", ""))
	if strings.ToLower(f.Object.Kind) == kind {
		return f.Object.String()
	}
	return f.Object.Kind + " " + f.Object.String()
}

// changedBy is "kubectl-edit, 9 days ago"; "" for what is not known.
func changedBy(c *finding.Change, now time.Time) string {
	if c == nil {
		return ""
	}
	return c.Manager + ", " + ago(now.Sub(c.Time))
}

// ago is how long ago something was, in the largest unit that is whole.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return console.Count(int(d/time.Minute), "minute") + " ago"
	case d < day:
		return console.Count(int(d/time.Hour), "hour") + " ago"
	case d < 90*day:
		return console.Count(int(d/day), "day") + " ago"
	case d < 2*365*day:
		return console.Count(int(d/(30*day)), "month") + " ago"
	}
	return console.Count(int(d/(365*day)), "year") + " ago"
}

// reason is why a finding is excepted, by whom and until when.
func reason(e driftcheck.Excepted) string {
	if e.Standing {
		return e.Exception.Reason
	}
	return fmt.Sprintf("%s (%s, until %s)", e.Exception.Reason, e.Exception.Owner, e.Exception.Expires)
}

// sentence says which side is the more permissive one.
func sentence(o options, r *driftcheck.Report) string {
	switch s := r.Summary; {
	case s.MorePermissive > 0:
		return fmt.Sprintf("%s is more permissive than %s in %s", o.from.name, o.to.name, console.Count(s.MorePermissive, "finding"))
	case s.Stricter > 0:
		return fmt.Sprintf("%s is nowhere more permissive than %s, and stricter in %s", o.from.name, o.to.name, console.Count(s.Stricter, "finding"))
	case s.Different > 0:
		return "neither side is more permissive; they differ in " + console.Count(s.Different, "finding")
	}
	if len(r.Excepted) > 0 {
		return "all that differs is excepted"
	}
	return "the rest is equal"
}
