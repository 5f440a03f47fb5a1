package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Message is what one route is told.
type Message struct {
	From, To string
	Time     time.Time
	Notices  []drifthistory.Notice
	Open     []drifthistory.Entry // all that the route would show as firing
}

// body is the message as the route's type takes it; nil is nothing to send.
func (r Route) body(m Message) ([]byte, error) {
	if r.Type == project.AlertAlertmanager {
		return r.alertmanager(m)
	}
	if len(m.Notices) == 0 {
		return nil, nil
	}
	if r.Type == project.AlertSlack {
		return json.Marshal(map[string]string{"text": slackText(m)})
	}
	return json.Marshal(webhookOf(m))
}

// webhook is the JSON of the generic route.
type webhook struct {
	output.Header `json:",inline"`
	From          string                `json:"from"`
	To            string                `json:"to"`
	Time          time.Time             `json:"time"`
	Notices       []drifthistory.Notice `json:"notices"`
}

func webhookOf(m Message) webhook {
	notices := slices.Clone(m.Notices)
	for i := range notices {
		notices[i].Entry.Told = nil // whom else we tell is not theirs
	}
	return webhook{output.Head("DriftAlert"), m.From, m.To, m.Time.UTC(), notices}
}

// mostLines are spelled out in a chat; more are counted.
const mostLines = 20

func slackText(m Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*drift of %s from %s*\n", plain(m.From), plain(m.To))
	for i, n := range m.Notices {
		if i == mostLines {
			fmt.Fprintf(&b, "and %d more: kubectl clawql drift history\n", len(m.Notices)-mostLines)
			break
		}
		e := n.Entry
		fmt.Fprintf(&b, "%s: %s %s %s %s, since %s: %s\n", n.Reason, e.Severity, says(e), plain(e.Control), plain(e.Object.String()), e.Since.UTC().Format(time.DateOnly), plain(e.What))
	}
	return b.String()
}

// says is the direction in words, empty for what has none.
func says(e drifthistory.Entry) string { return strings.ReplaceAll(string(e.Direction), "-", " ") }

// plain takes away what would be markup, a mention or a line of its own: names
// of objects are chosen by others.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'", "*", "∗").Replace(text)
}

// fires is how long an alert stays on without word from us: longer than the
// dead man's time, so that silence resolves nothing.
const fires = drifthistory.Overdue + 5*24*time.Hour

// amAlert is one alert of Alertmanager's API v2.
type amAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// alertmanager posts all that fires, each time: Alertmanager keeps alerts in
// memory only, and knows by the labels what it has. What ended, or has another
// severity now, is ended under the labels that it was posted with.
func (r Route) alertmanager(m Message) ([]byte, error) {
	list := []amAlert{}
	for _, e := range m.Open {
		list = append(list, m.alertOf(e, e.Severity, m.Time.Add(fires)))
		if told, known := e.Told[r.Name]; known && !told.Ended && told.Severity != e.Severity {
			list = append(list, m.alertOf(e, told.Severity, m.Time))
		}
	}
	for _, n := range m.Notices {
		if n.Reason == drifthistory.IsResolved {
			list = append(list, m.alertOf(n.Entry, n.Entry.Told[r.Name].Severity, m.Time))
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	return json.Marshal(list)
}

func (m Message) alertOf(e drifthistory.Entry, severity finding.Severity, ends time.Time) amAlert {
	labels := map[string]string{"alertname": "ClawqlDrift"}
	for name, value := range map[string]string{
		"finding": e.ID, "severity": string(severity), "control": e.Control, "direction": string(e.Direction),
		"from": m.From, "to": m.To, "object_kind": e.Object.Kind, "object_namespace": e.Object.Namespace, "object_name": e.Object.Name,
	} {
		if value != "" {
			labels[name] = value
		}
	}
	return amAlert{labels, map[string]string{
		"summary":     strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", m.From, says(e), e.Control, e.Object)),
		"description": e.What,
	}, e.Since.UTC(), ends.UTC()}
}
