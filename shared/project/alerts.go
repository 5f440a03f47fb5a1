package project

import (
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"
)

// Alert is one route by which alerts leave. Its URL is a secret and never
// stands in clawql.yaml.
type Alert struct {
	Name       string   `json:"name"` // tells routes apart in the history
	Type       string   `json:"type"` // webhook, slack or alertmanager
	Severities []string `json:"severities"`
	URLFrom    URLFrom  `json:"urlFrom"`
}

// URLFrom says where a secret URL is: in a variable, or a file such as a
// mounted Secret. One of the two.
type URLFrom struct {
	Env  string `json:"env,omitempty"`
	File string `json:"file,omitempty"` // absolute
}

// The types of routes.
const (
	AlertWebhook      = "webhook"      // our own JSON
	AlertSlack        = "slack"        // Slack, Mattermost and what else takes {"text": ...}
	AlertAlertmanager = "alertmanager" // API v2
)

// AlertSeverities are those of findings, worst first.
var AlertSeverities = []string{"critical", "high", "warning", "info"}

var alertTypes = []string{AlertWebhook, AlertSlack, AlertAlertmanager}

var variableForm = form(`^[A-Z_][A-Z0-9_]{0,100}$`)

// Remind is how long after an alert it is repeated.
func (d *Drift) Remind() time.Duration { return time.Duration(d.RemindDays) * 24 * time.Hour }

func (d *Drift) setDefaults() {
	if d != nil {
		fill(&d.RemindDays, 30)
	}
}

func (d *Drift) alertChecks() []check {
	all := []check{{"drift.remindDays", d.RemindDays >= 1 && d.RemindDays <= 365, d.RemindDays, "from 1 to 365"}}
	names := map[string]bool{}
	for i, a := range d.Alerts {
		all = append(all, a.checks(indexed("drift.alerts", i), names[a.Name])...)
		names[a.Name] = true
	}
	for i, e := range d.Egress {
		_, err := netip.ParsePrefix(e.CIDR)
		at := indexed("drift.egress", i)
		all = append(all, check{at + ".cidr", err == nil, e.CIDR, "a CIDR such as 203.0.113.0/24"},
			check{at + ".ports", portsHold(e.Ports), e.Ports, "at least one port, each from 1 to 65535"})
	}
	return all
}

// checks of a route. What stands where the URL's place should be may be the
// URL itself: it is not shown.
func (a Alert) checks(at string, taken bool) []check {
	const hidden = "[redacted]"
	unknown := slices.ContainsFunc(a.Severities, func(s string) bool { return !slices.Contains(AlertSeverities, s) })
	return []check{
		{at + ".name", nameForm().MatchString(a.Name) && !taken, a.Name, "a name of its own, of lower-case letters, digits and dashes"},
		{at + ".type", slices.Contains(alertTypes, a.Type), a.Type, strings.Join(alertTypes, ", ")},
		{at + ".severities", len(a.Severities) > 0 && !unknown, strings.Join(a.Severities, ", "), "at least one of " + strings.Join(AlertSeverities, ", ")},
		{at + ".urlFrom", (a.URLFrom.Env == "") != (a.URLFrom.File == ""), hidden, "either {env: NAME} or {file: PATH}"},
		{at + ".urlFrom.env", a.URLFrom.Env == "" || variableForm().MatchString(a.URLFrom.Env), hidden, "the name of a variable, such as CLAWQL_ALERT_CHAT"},
		{at + ".urlFrom.file", a.URLFrom.File == "" || path.IsAbs(a.URLFrom.File), hidden, "an absolute path, such as /etc/clawql/alerts/chat"},
	}
}
