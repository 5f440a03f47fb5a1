package secretexception

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// document is the file as it is written.
type document struct {
	APIVersion string  `json:"apiVersion"`
	Kind       string  `json:"kind"`
	Salt       string  `json:"salt"` // base64
	Exceptions []Entry `json:"exceptions"`
}

// Parse reads the file. Unknown and doubled fields, a value that is not
// allowed, or more than one document are a fault.Usage; it repeats no more of
// the file than a path and a field.
func Parse(text []byte) (*List, error) {
	if len(text) > MaxSize {
		return nil, wrong("it has %d bytes; at most %d are read", len(text), MaxSize)
	}
	if strings.Contains("\n"+string(text), "\n---") {
		return nil, wrong("it has a second YAML document, or begins with ---")
	}
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, wrong("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var doc document
	strict, err := kjson.UnmarshalStrict(asJSON, &doc)
	if err != nil {
		return nil, wrong("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if len(strict) > 0 {
		return nil, wrong("%s", strict[0])
	}
	return doc.list()
}

func wrong(format string, args ...any) *fault.Error {
	return fault.Usage(Path+": "+format, args...).Hint("`git clawql-hooks allow` writes this file")
}

func (doc document) list() (*List, error) {
	if doc.APIVersion != project.APIVersion || doc.Kind != Kind {
		return nil, wrong("apiVersion %q and kind %q; allowed: %s, %s", doc.APIVersion, doc.Kind, project.APIVersion, Kind)
	}
	salt, err := base64.StdEncoding.DecodeString(doc.Salt)
	if err != nil || len(salt) != SaltSize {
		return nil, wrong("salt is not %d bytes in base64", SaltSize)
	}
	if len(doc.Exceptions) > maxEntries {
		return nil, wrong("%d exceptions; at most %d", len(doc.Exceptions), maxEntries)
	}
	for i, e := range doc.Exceptions {
		if err := e.check(); err != nil {
			return nil, wrong("exceptions[%d]: %s", i, err)
		}
	}
	l := &List{salt: salt, entries: doc.Exceptions}
	l.index()
	return l, nil
}

// check names the first field that is wrong.
func (e Entry) check() error {
	digits, err := hex.DecodeString(e.Hash)
	switch {
	case strings.TrimSpace(e.Rule) == "":
		return fmt.Errorf("rule is missing")
	case e.In != "" && !slices.Contains(places, e.In):
		return fmt.Errorf("in is none of %s", strings.Join(places, ", "))
	case e.Path == "" && (e.In == "" || e.In == InContent || e.In == InName):
		return fmt.Errorf("path is missing")
	case err != nil || len(digits) != 32 || e.Hash != strings.ToLower(e.Hash):
		return fmt.Errorf("hash is not 64 hex digits in lower case")
	case time.Time(e.Expires).IsZero():
		return fmt.Errorf("expires is missing, such as 2027-02-01")
	}
	if err := plain("reason", e.Reason); err != nil {
		return err
	}
	return plain("owner", e.Owner)
}

// plain is one line of text that somebody wrote.
func plain(field, text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s is missing", field)
	case len(text) > maxText:
		return fmt.Errorf("%s has %d bytes; at most %d", field, len(text), maxText)
	case strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("%s has a control character; it is one line of text", field)
	}
	return nil
}

// New is a list without entries; salt is SaltSize random bytes.
func New(salt []byte) *List { l := &List{salt: slices.Clone(salt)}; l.index(); return l }

// Add puts an exception in, in place of one for the same content. Its Hash is
// set here. What Parse would refuse is a fault.Usage.
func (l *List) Add(s Subject, e Entry) error {
	e.Rule, e.In, e.Path = s.Rule, s.In, s.Path
	if e.In == InContent {
		e.In = ""
	}
	e.Hash = l.Sum(s)
	if err := e.check(); err != nil {
		return fault.Usage("except a finding: %s", err)
	}
	l.entries = slices.DeleteFunc(l.entries, func(old Entry) bool {
		return old.Hash == e.Hash && place(old.Rule, old.In, old.Path) == place(e.Rule, e.In, e.Path)
	})
	l.entries = append(l.entries, e)
	l.index()
	return nil
}

// head stands above the file that Encode writes.
const head = `# Findings of the secret scan that are no secrets, each by its owner's word.
# Written by ` + "`git clawql-hooks allow`" + `; it counts from the commit on that brings it.
`

// Encode writes the file; Parse reads it back.
func (l *List) Encode() ([]byte, error) {
	doc := document{APIVersion: project.APIVersion, Kind: Kind, Salt: base64.StdEncoding.EncodeToString(l.salt), Exceptions: l.entries}
	if doc.Exceptions == nil {
		doc.Exceptions = []Entry{}
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		return nil, fault.Unable("write %s: %w", Path, err)
	}
	return append([]byte(head), text...), nil
}
