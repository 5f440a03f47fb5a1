package signsetup

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/sshsign"
	"golang.org/x/crypto/ssh"
)

// Record is what is kept of a key's enrolment, under .clawql/attestations, so
// that anyone can check it again.
type Record struct {
	output.Header `json:",inline"`
	Fingerprint   string    `json:"fingerprint"`
	Key           string    `json:"key"` // type and base64
	Committer     string    `json:"committer"`
	Enrolled      time.Time `json:"enrolled"`
	Challenge     []byte    `json:"challenge"`   // base64: the random bytes that the token had to answer
	Attestation   []byte    `json:"attestation"` // base64: what ssh-keygen -O write-attestation wrote
}

// rootsFile is the project's list of makers' root certificates (PEM), beside
// the records.
const rootsFile = "roots.pem"

const recordKind = "KeyAttestation"

// recordPath is where the record of a key lies: its fingerprint with - for /
// and _ for +.
func recordPath(folder, fingerprint string) string {
	name := strings.NewReplacer("/", "-", "+", "_", ":", "-").Replace(fingerprint)
	return filepath.Join(folder, name+".json")
}

// writeRecord keeps an enrolment.
func writeRecord(place Place, key Key, challenge, attestation []byte, now time.Time) error {
	text, err := json.MarshalIndent(Record{
		output.Head(recordKind), key.Fingerprint(), key.Line(), place.Email, now.UTC().Truncate(time.Second), challenge, attestation,
	}, "", "  ")
	if err != nil {
		return fault.Unable("write the attestation's record: %w", err)
	}
	if err := os.MkdirAll(place.Attest, 0o755); err != nil {
		return fault.Unable("write the attestation's record: %w", err)
	}
	return replaceFile(recordPath(place.Attest, key.Fingerprint()), append(text, '\n'), 0o644)
}

// Attested is what a record shows about a key.
type Attested struct {
	sshsign.Attestation
	Enrolled time.Time
}

// errNoRecord says that nothing was kept of a key's enrolment.
var errNoRecord = errors.New("there is no record of its enrolment")

// attested checks the record of a key, with the project's roots where it has
// some.
func attested(place Place, key Key) (Attested, error) {
	text, err := os.ReadFile(recordPath(place.Attest, key.Fingerprint()))
	if errors.Is(err, os.ErrNotExist) {
		return Attested{}, errNoRecord
	}
	var record Record
	if err == nil {
		err = json.Unmarshal(text, &record)
	}
	if err != nil {
		return Attested{}, fault.Unable("read the record of the key's enrolment: %w", err)
	}
	if record.Key != key.Line() || record.Kind != recordKind {
		return Attested{}, fault.No("the record %s is of another key", recordPath(place.Attest, key.Fingerprint()))
	}
	return check(place, key.Public, record)
}

func check(place Place, key ssh.PublicKey, record Record) (Attested, error) {
	pem, err := os.ReadFile(filepath.Join(place.Attest, rootsFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Attested{}, fault.Unable("read the attestation roots: %w", err)
	}
	roots, err := sshsign.ParseRoots(rootsFile, pem)
	if err != nil {
		return Attested{}, fault.Usage("%w", err)
	}
	a, err := sshsign.VerifyAttestation(key, record.Attestation, record.Challenge, roots, record.Enrolled)
	if err != nil {
		return Attested{}, fault.No("%w", err)
	}
	return Attested{a, record.Enrolled}, nil
}

// planAttestation says what is kept or known of the key's enrolment.
func (p *Plan) planAttestation() {
	if p.Key == nil && !p.o.Download {
		p.step("attest", false, "what the token's maker attests, in %s", p.Place.show(p.Place.Attest))
		return
	}
	if p.Key == nil || p.Key.Kind != FIDO {
		return
	}
	_, err := attested(p.Place, *p.Key)
	switch {
	case err == nil:
		p.step("attest", true, "the key's enrolment is on record, and checks")
	case errors.Is(err, errNoRecord):
		p.warn("nothing shows that the key was made on a token: it has no attestation, and can get none now; --new makes one that has")
	default:
		p.warn("the record of the key's enrolment does not check: %v", err)
	}
}
