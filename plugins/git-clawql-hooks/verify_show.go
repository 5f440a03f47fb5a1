package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/commitverify"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
)

// signatureReport is the object that -o json writes.
type signatureReport struct {
	output.Header `json:",inline"`
	Verified      bool            `json:"verified"`
	Range         string          `json:"range"`
	Commits       int             `json:"commits"`
	Judged        int             `json:"judged"`          // those that a policy asks signatures of
	Merges        int             `json:"automaticMerges"` // of them: unsigned, and what git makes of the parents by itself
	Tags          int             `json:"tags"`
	Policy        string          `json:"policy"`  // commit, or none
	Require       string          `json:"require"` // signature, touch, verification; "" without a policy
	Refused       []refusedObject `json:"refused"`
	Signers       []signerObject  `json:"signers"`
	Notes         []noteObject    `json:"notes"`
}

type refusedObject struct {
	Commit  string `json:"commit"`
	Tag     string `json:"tag,omitempty"`
	Subject string `json:"subject"`
	Reason  string `json:"reason"`
	Text    string `json:"text"`
	Hint    string `json:"hint,omitempty"`
}

type signerObject struct {
	Committer    string `json:"committer"`
	KeyType      string `json:"keyType"`
	Fingerprint  string `json:"fingerprint"`
	Commits      int    `json:"commits"`
	Hardware     bool   `json:"hardware"`
	Touched      bool   `json:"touched"`
	UserVerified bool   `json:"userVerified"`
	Admitted     bool   `json:"admitted"` // named by signing.admit
}

type noteObject struct {
	Commit string `json:"commit"`
	Text   string `json:"text"`
}

func signaturesOf(span commitverify.Span, r *commitverify.Report) signatureReport {
	object := signatureReport{
		Header: output.Head("SignatureReport"), Verified: r.Demanded && len(r.Refused) == 0, Range: span.Name,
		Commits: r.Commits, Judged: r.Judged, Merges: r.Merges, Tags: r.Tags, Policy: r.Policy, Require: r.Require,
		Refused: []refusedObject{}, Signers: []signerObject{}, Notes: []noteObject{},
	}
	for _, one := range r.Refused {
		object.Refused = append(object.Refused, refusedObject{one.Commit, one.Tag, one.Subject, one.Reason, one.Text, one.Hint})
	}
	for _, s := range r.Signers {
		object.Signers = append(object.Signers, signerObject{
			s.Committer, s.KeyType, s.Fingerprint, s.Commits, s.Hardware, s.Hardware && s.Touched, s.Hardware && s.UserVerified, s.Admitted,
		})
	}
	for _, note := range r.Notes {
		object.Notes = append(object.Notes, noteObject{note.Commit, note.Text})
	}
	return object
}

// showVerify writes the report; a refused commit is a fault.No, and no policy
// at all a fault.Usage: then nobody could say who may sign.
func showVerify(s console.Streams, format output.Format, span commitverify.Span, r *commitverify.Report) error {
	var err error
	if format == output.JSON {
		err = output.Encode(s.Out, format, signaturesOf(span, r))
	} else {
		err = verifyTable(s.Out, span, r)
	}
	if err != nil {
		return err
	}
	return output.Reported(verifyVerdict(r))
}

func verifyVerdict(r *commitverify.Report) error {
	switch {
	case len(r.Refused) > 0:
		return fault.No("%d of %s refused", len(r.Refused), console.Count(r.Judged, "signature"))
	case !r.Demanded:
		return fault.Usage("no policy asks for signatures here: there is no list of allowed signers, and no signing: in clawql.yaml").
			Hint("git clawql-hooks signing setup")
	}
	return nil
}

func verifyTable(w io.Writer, span commitverify.Span, r *commitverify.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s · %s", console.Clean(span.Name), console.Count(r.Commits, "commit"))
	if r.Tags > 0 {
		fmt.Fprintf(&b, ", %s", console.Count(r.Tags, "tag"))
	}
	if r.Demanded {
		fmt.Fprintf(&b, " · asked for: %s · policy of %.12s", r.Require, r.Policy)
	}
	b.WriteString("\n")
	signerRows(&b, r)
	refusalLines(&b, r)
	noteLines(&b, r)
	_, err := io.WriteString(w, b.String())
	return err
}

func signerRows(b *strings.Builder, r *commitverify.Report) {
	rows := output.Rows{Right: []int{2}}
	for i, s := range r.Signers {
		if i == mostShown {
			rows.Add("", fmt.Sprintf("and %d more signers", len(r.Signers)-i))
			break
		}
		rows.Add("ok", console.Clean(s.Committer), fmt.Sprint(s.Commits), shortPrint(s.Fingerprint), proven(s))
	}
	if r.Merges > 0 {
		rows.Add("ok", "(nobody)", fmt.Sprint(r.Merges), "automatic", "unsigned merges that git makes the same")
	}
	_ = rows.Write(b) // a strings.Builder takes all
}

// proven is what the signatures of a signer show, in words.
func proven(s commitverify.Signer) string {
	switch {
	case s.Admitted:
		return s.KeyType + ", no FIDO key, admitted"
	case !s.Hardware:
		return s.KeyType + ", a key in software"
	case s.UserVerified:
		return "security key: touch, PIN"
	}
	return "security key: touch"
}

func shortPrint(fingerprint string) string {
	if len(fingerprint) < 20 {
		return fingerprint
	}
	return fingerprint[:19] + "…"
}

func refusalLines(b *strings.Builder, r *commitverify.Report) {
	said := ""
	for i, one := range r.Refused {
		if i == mostShown {
			fmt.Fprintf(b, "         and %d more; -o json has all\n", len(r.Refused)-i)
			break
		}
		what := fmt.Sprintf("%.12s", one.Commit)
		if one.Tag != "" {
			what = one.Tag
		}
		fmt.Fprintf(b, "REFUSED  %s  %.50q\n", console.Clean(what), console.Clean(one.Subject))
		paragraph(b, "         ", one.Text)
		if one.Hint != "" && one.Hint != said {
			said = one.Hint
			paragraph(b, "         fix: ", one.Hint)
		}
	}
}

func noteLines(b *strings.Builder, r *commitverify.Report) {
	for i, note := range r.Notes {
		if i == mostShown {
			fmt.Fprintf(b, "note     and %d more; -o json has all\n", len(r.Notes)-i)
			return
		}
		paragraph(b, "note     ", fmt.Sprintf("%.12s: %s", note.Commit, note.Text))
	}
}
