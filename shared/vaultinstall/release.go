package vaultinstall

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// hashicorpKey is HashiCorp's public key for releases, from
// https://www.hashicorp.com/security.
//
//go:embed hashicorp.asc
var hashicorpKey []byte

// hashicorpFingerprint is that key's, as the same page says it. The key that
// is embedded counts only if it has this fingerprint.
const hashicorpFingerprint = "C874011F0AB405110D02105534365D9472D7468F"

// Release is where a version is published and who must have signed it.
type Release struct {
	Version     string
	Base        string // URL of the folder with archive, sums and signature
	Key         []byte // armoured public key
	Fingerprint string // of that key, 40 hex digits in upper case
	Client      *http.Client
	Received    func(bytes, total int64) // total -1: not known
}

// Official is HashiCorp's own release of a version.
func Official(version string) Release {
	return Release{
		Version: version, Base: "https://releases.hashicorp.com/vault/" + version,
		Key: hashicorpKey, Fingerprint: hashicorpFingerprint,
		Client: &http.Client{Timeout: 30 * time.Minute}, Received: func(int64, int64) {},
	}
}

// The most that is read of each file, in bytes.
const (
	longestSums    = 1 << 20
	longestArchive = 600 << 20
)

// archive is the name of the file for a platform, as Go names platforms.
func (r Release) archive(goos, goarch string) string {
	return fmt.Sprintf("vault_%s_%s_%s.zip", r.Version, goos, goarch)
}

// Download fetches the release for a platform and puts its program into
// folder/vault. Nothing of it is written before the signature of the sums and
// the sum of the archive have been found right.
func (r Release) Download(ctx context.Context, goos, goarch, folder string) (path string, err error) {
	sums, err := r.fetch(ctx, fmt.Sprintf("vault_%s_SHA256SUMS", r.Version), longestSums)
	if err != nil {
		return "", err
	}
	short := r.Fingerprint[max(0, len(r.Fingerprint)-8):]
	signature, err := r.fetch(ctx, fmt.Sprintf("vault_%s_SHA256SUMS.%s.sig", r.Version, short), longestSums)
	if err != nil {
		return "", err
	}
	if err := verify(r.Key, r.Fingerprint, sums, signature); err != nil {
		return "", err
	}
	name := r.archive(goos, goarch)
	want, err := sumOf(sums, name)
	if err != nil {
		return "", err
	}
	archive, err := r.fetch(ctx, name, longestArchive)
	if err != nil {
		return "", err
	}
	if err := checkSum(archive, want, name); err != nil {
		return "", err
	}
	return unpack(archive, folder)
}

// fetch reads one file of the release into memory.
func (r Release) fetch(ctx context.Context, name string, most int64) ([]byte, error) {
	url := r.Base + "/" + name
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fault.Unable("fetching %s: %w", url, err)
	}
	response, err := r.Client.Do(request)
	if err != nil {
		return nil, fault.Unable("fetching %s: %w", url, err).Hint("without --download it is built from its Go module")
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fault.Unable("fetching %s: the server answers %s", url, response.Status)
	}
	var content bytes.Buffer
	counted := &counter{target: &content, tell: r.Received, total: response.ContentLength}
	n, err := io.Copy(counted, io.LimitReader(response.Body, most+1))
	switch {
	case err != nil:
		return nil, fault.Unable("fetching %s: %w", url, err)
	case n > most:
		return nil, fault.Unable("fetching %s: it is longer than %d bytes", url, most)
	}
	return content.Bytes(), nil
}

// counter tells how much has come.
type counter struct {
	target io.Writer
	tell   func(bytes, total int64)
	total  int64
	came   int64
}

// Write counts.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.target.Write(p)
	c.came += int64(n)
	c.tell(c.came, c.total)
	return n, err
}

// sumOf finds the sum of one file; the file must be named exactly once.
func sumOf(sums []byte, name string) (string, error) {
	found := ""
	for _, line := range strings.Split(string(sums), "\n") {
		fields := strings.Fields(line)
		if len(fields) != 2 || strings.TrimPrefix(fields[1], "*") != name {
			continue
		}
		if found != "" {
			return "", fault.No("the signed sums name %s twice", name)
		}
		found = fields[0]
	}
	if len(found) != 64 {
		return "", fault.No("the signed sums do not name %s", name).Hint("there is no release for this platform; build it: `clawql-vault-session install`")
	}
	return strings.ToLower(found), nil
}
