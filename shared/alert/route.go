// Package alert tells people and pagers about drift, by the routes of
// clawql.yaml. A route's URL is a secret: it is read from a variable or a
// file, and stands in no error, log or printed value of this package.
package alert

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Route is a way out, with its URL.
type Route struct {
	Name       string
	Type       string // project.AlertWebhook, AlertSlack or AlertAlertmanager
	Severities []finding.Severity
	url        secret
	broken     error // why it cannot be used
}

// secret prints as nothing of itself, whatever the verb.
type secret struct{ value *url.URL }

// Format implements fmt.Formatter.
func (secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[redacted]") }

// MarshalJSON implements json.Marshaler.
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"[redacted]"`), nil }

// Routes reads the URLs of all routes. A route whose URL cannot be had is in
// the list too: sending by it fails, and the others still go out.
func Routes(list []project.Alert, env func(string) string) []Route {
	routes := make([]Route, 0, len(list))
	for _, a := range list {
		r := Route{Name: a.Name, Type: a.Type}
		for _, s := range a.Severities {
			r.Severities = append(r.Severities, finding.Severity(s))
		}
		text, err := read(a.URLFrom, env)
		if err == nil {
			r.url, err = parse(text)
		}
		if err != nil {
			r.broken = fault.Unable("alert route %s: %w", a.Name, err)
		}
		routes = append(routes, r)
	}
	return routes
}

// maxURL bounds the file of a URL.
const maxURL = 4096

// read gives the URL from its place. The name of the place is public, its
// content is not.
func read(from project.URLFrom, env func(string) string) (string, error) {
	if from.Env != "" {
		text := strings.TrimSpace(env(from.Env))
		if text == "" {
			return "", fault.Unable("the variable %s is empty", from.Env).Hint("it holds the URL of the route; in the cluster it comes from the Secret clawql-drift-alerts")
		}
		return text, nil
	}
	file, err := os.Open(from.File)
	if err != nil {
		return "", fault.Unable("its URL is read from %s: %w", from.File, cause(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxURL+1))
	switch {
	case err != nil:
		return "", fault.Unable("its URL is read from %s: %w", from.File, cause(err))
	case len(text) > maxURL:
		return "", fault.Unable("its URL is read from %s, which holds more than %d bytes", from.File, maxURL)
	case strings.TrimSpace(string(text)) == "":
		return "", fault.Unable("its URL is read from %s, which is empty", from.File)
	}
	return strings.TrimSpace(string(text)), nil
}

func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// parse takes https, and http where the line does not leave the machine or the
// cluster.
func parse(text string) (secret, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.ContainsAny(text, " \t\r\n") {
		return secret{}, fault.Unable("what should be its URL is none (it is not shown)")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && near(u.Hostname())) {
		return secret{}, fault.Unable("its URL is not https (it is not shown)").Hint("http is taken for loopback addresses and for Services of the cluster (NAME.NAMESPACE.svc)")
	}
	return secret{u}, nil
}

// near are hosts that plain HTTP reaches without leaving the cluster.
func near(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
}
