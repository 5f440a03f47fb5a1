package vaultacl

import (
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Gap is the gravest request that one set of policies allows and another does
// not, checked as witnesses are.
type Gap struct {
	Request     Request
	Severity    finding.Severity
	Explanation string
}

// Beyond is what a token with all of a's policies may do and one with all of
// b's may not; nil for nothing. Incomplete says what was not compared.
func Beyond(a, b []Policy, o Options) (gap *Gap, incomplete []string, err error) {
	result, err := CompareSets(finding.Object{Kind: "VaultPolicy", Name: "policies"}, a, b, o)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range result.Findings {
		if f.Direction == finding.MorePermissive {
			r, err := RequestOf(*f.Witness)
			return &Gap{r, f.Severity, f.Explanation}, result.Incomplete, err
		}
	}
	return nil, result.Incomplete, nil
}

// RequestOf reads the request of a witness. A wrapping time that cannot be read
// is an error.
func RequestOf(w finding.Witness) (Request, error) {
	r := Request{Path: w.Details["path"], Capability: Capability(w.Details["capability"]), Data: map[string]string{}}
	for key, value := range w.Details {
		if name, is := strings.CutPrefix(key, "parameter "); is {
			r.Data[name] = value
		}
	}
	if text := w.Details["wrapTTL"]; text != "" {
		var err error
		if r.Wrap, err = time.ParseDuration(text); err != nil {
			return r, fault.Unable("reading the witness %q: wrapTTL: %w", w.Text, err)
		}
	}
	return r, nil
}
