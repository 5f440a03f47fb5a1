package commitverify

import (
	"bytes"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// tags judges tag objects by the policy of the commit that they name.
func (f *fold) tags() error {
	for _, name := range f.o.Tags {
		if err := f.tag(name); err != nil {
			return err
		}
	}
	return nil
}

// maxNested bounds tags of tags.
const maxNested = 8

func (f *fold) tag(name string) error {
	id := name
	for range maxNested {
		raw, kind, err := f.objects.Get(id)
		if err != nil || kind != "tag" {
			return err
		}
		target, err := f.tagObject(name, id, raw)
		if err != nil {
			return err
		}
		id = target
	}
	return fault.Unable("read tag %s: it names tags of tags, more than %d deep", name, maxNested)
}

// tagObject judges one tag, and returns what it names.
func (f *fold) tagObject(name, id string, raw []byte) (target string, err error) {
	target, ok := strings.CutPrefix(string(firstLine(raw)), "object ")
	if !ok || len(target) != 40 && len(target) != 64 {
		return "", fault.Unable("read tag %s: it names no object", name)
	}
	full := nameOf("tag", raw, len(target))
	if len(id) == len(full) && strings.Trim(id, "0123456789abcdef") == "" && id != full {
		return "", fault.Unable("read tag %s: its content is not what its name stands for", name).Hint("git fsck")
	}
	f.report.Tags++
	judges := f.first
	if at, known := f.states[target]; known {
		judges = at.trust
	}
	if len(judges) == 0 {
		return target, nil
	}
	f.report.Judged++
	one := item{id: full, subject: subjectOf(raw)}
	one.signed, one.refusal = sshsign.InspectTag(raw)
	if one.refusal == nil {
		one.refusal = misnamed(name, raw)
	}
	if no := f.judge(&one, judges, nil); no != nil {
		f.refuse(&one, no)
		f.report.Refused[len(f.report.Refused)-1].Tag = name
	}
	return target, nil
}

// misnamed refuses a tag under another name than its own: so would an old
// release stand for a new one.
func misnamed(ref string, raw []byte) error {
	short, ok := strings.CutPrefix(ref, "refs/tags/")
	_, rest, _ := bytes.Cut(raw, []byte("\ntag "))
	if name := string(firstLine(rest)); ok && name != short {
		return sshsign.Refuse(TagMisnamed, "it was signed as %q, not as %q", name, short)
	}
	return nil
}

func firstLine(raw []byte) []byte {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	return line
}
