package driftcheck

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/drift/image"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/typediff"
)

// Controls of the structural comparison.
const (
	ControlObject = "Object"      // anything else that an object says, or that it exists
	ControlImage  = image.Control // what runs, where the references cannot be read
	ControlEnv    = "Environment" // variables of containers
	ControlSecret = "Secret"      // values, by keyed hash
)

// meant are kinds whose every difference is a matter of what they mean, so
// that a difference in text alone is none.
var meant = map[key]bool{
	{group: "networking.k8s.io", kind: "NetworkPolicy"}:              true,
	{group: "rbac.authorization.k8s.io", kind: "Role"}:               true,
	{group: "rbac.authorization.k8s.io", kind: "ClusterRole"}:        true,
	{group: "rbac.authorization.k8s.io", kind: "RoleBinding"}:        true,
	{group: "rbac.authorization.k8s.io", kind: "ClusterRoleBinding"}: true,
	{group: "events.k8s.io", kind: "Event"}:                          true,
	{group: "", kind: "Event"}:                                       true,
	{group: "coordination.k8s.io", kind: "Lease"}:                    true,
}

// structure compares all other objects, field by field.
func (c *comparison) structure() error {
	from, to, unseen, err := sameValues(c.moved, c.to)
	if err != nil {
		return err
	}
	c.take(c.kinds(), unseen)
	a, err := index(from)
	if err != nil {
		return err
	}
	b, err := index(to)
	if err != nil {
		return err
	}
	for _, k := range allKeys(a, b) {
		if meant[key{group: k.group, kind: k.kind}] {
			continue
		}
		c.pair(k, a[k], b[k])
	}
	return nil
}

func allKeys(a, b map[key]*Object) []key {
	var all []key
	for k := range a {
		all = append(all, k)
	}
	for k := range b {
		if a[k] == nil {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(x, y key) int {
		return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.namespace, y.namespace), cmp.Compare(x.name, y.name), cmp.Compare(x.group, y.group))
	})
	return all
}

// pair compares one object on both sides; nil is none.
func (c *comparison) pair(k key, from, to *Object) {
	switch {
	case from == nil:
		c.oneSided(k, to, 1)
	case to == nil:
		c.oneSided(k, from, 0)
	case from.apiVersion != to.apiVersion:
		c.report.Incomplete = append(c.report.Incomplete, fmt.Sprintf("%s is %s in %s and %s in %s: ask both for one version",
			from, from.apiVersion, c.names[0], to.apiVersion, c.names[1]))
	default:
		list, err := differences(from, to)
		if err == nil && otherChoice(from, to, [2]bool{c.from.Partial, c.to.Partial}) {
			list, err = differ().Diff(withChoice(from), withChoice(to))
		}
		if err != nil {
			c.report.Incomplete = append(c.report.Incomplete, err.Error())
			return
		}
		c.differences(k, to, list)
	}
}

// differences are none where the hashes are equal; an object that does not fit
// its type cannot be compared, not even with its equal.
func differences(from, to *Object) ([]typediff.Difference, error) {
	for _, o := range []*Object{from, to} {
		if o.misfit != nil {
			return nil, o.misfit
		}
	}
	if from.sum == to.sum {
		return nil, nil
	}
	return differ().Diff(projection(from), projection(to))
}

// oneSided is an object that the other side lacks. Where a comparer of meaning
// has said what that lets happen, nothing is added.
func (c *comparison) oneSided(k key, o *Object, side int) {
	if c.spoken(k, "") {
		return
	}
	says := [2]string{"is not there", "is not there"}
	says[side] = "is there"
	c.report.Findings = append(c.report.Findings, finding.Finding{
		Control: ControlObject, Severity: finding.Warning, Direction: finding.Different, Object: o.object(),
		From: says[0], To: says[1], Explanation: fmt.Sprintf("only %s has it", c.names[side]),
		LastChanged: o.changed,
	}.Identified("existence"))
}

// differences makes one finding of each control that the places belong to.
func (c *comparison) differences(k key, o *Object, list []typediff.Difference) {
	by := map[string][]typediff.Difference{}
	for _, d := range list {
		if c.spoken(k, d.String()) || c.aboutSecurity(k, d) {
			continue
		}
		control := controlOf(k, d.String())
		by[control] = append(by[control], d)
	}
	for _, control := range []string{ControlImage, ControlEnv, ControlSecret, ControlObject} {
		if len(by[control]) > 0 {
			c.report.Findings = append(c.report.Findings, c.structural(control, o, by[control]))
		}
	}
}

// mostPlaces are named in a finding; more are counted.
const mostPlaces = 5

// weight puts places first that decide what a pod may do, since the first few
// are named.
func weight(d typediff.Difference) int {
	for _, part := range []string{"ecurityContext", "host", "erviceAccount", "privileged", "volumes"} {
		if strings.Contains(d.String(), part) {
			return 0
		}
	}
	return 1
}

func (c *comparison) structural(control string, o *Object, list []typediff.Difference) finding.Finding {
	var from, to, places []string
	slices.SortStableFunc(list, func(a, b typediff.Difference) int { return cmp.Compare(weight(a), weight(b)) })
	for i, d := range list {
		if i < mostPlaces {
			places = append(places, strings.TrimPrefix(d.String(), "."))
			from, to = append(from, c.show(control, d, d.From)), append(to, c.show(control, d, d.To))
		}
	}
	explanation := "differs at " + strings.Join(places, ", ")
	if more := len(list) - mostPlaces; more > 0 {
		explanation += fmt.Sprintf(", and at %s more", console.Count(more, "place"))
	}
	f := finding.Finding{
		Control: control, Severity: finding.Info, Direction: finding.Different, Object: o.object(),
		From: strings.Join(from, "; "), To: strings.Join(to, "; "), Explanation: explanation,
		LastChanged: o.changed,
	}
	if control != ControlObject {
		f.Severity = finding.Warning
	}
	return f.Identified("")
}

// show is a value for a person. A text may be a secret wherever a person can
// put one: there it is sealed.
func (c *comparison) show(control string, d typediff.Difference, value any) string {
	switch value := value.(type) {
	case nil:
		return "none"
	case string:
		if open(control, d.String(), value) {
			return value
		}
		return c.sealer.seal(value)
	case map[string]any, []any:
		return "set"
	}
	return fmt.Sprint(value)
}

// quantity is an amount of resources.
var quantity = regexp.MustCompile(`^[+-]?[0-9.]{1,20}([eE][+-]?[0-9]{1,3}|[numkKMGTPE]i?)?$`)

// open says whether a text is shown as it is.
func open(control, path, value string) bool {
	switch {
	case isSealed(value):
		return true
	case len(value) > 80 && control != ControlImage:
		return false
	case strings.Contains(path, ".resources."):
		return quantity.MatchString(value)
	case control == ControlSecret:
		return path == ".type" || strings.HasPrefix(path, ".metadata.labels")
	}
	return control == ControlImage || public(path)
}

// public are places whose texts cannot be secrets: names, kinds, modes.
func public(path string) bool {
	for _, part := range []string{".data", ".binaryData", ".metadata.annotations"} {
		if strings.HasPrefix(path, part) {
			return false
		}
	}
	if strings.Contains(path, ".env") || strings.Contains(path, "nnotations") {
		return false
	}
	for _, suffix := range []string{"Policy", "Name", "type", "kind", "protocol", ".name", "Mode", "effect", "operator", "action", "Class", "mode"} {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	return strings.HasPrefix(path, ".metadata.labels")
}

func controlOf(k key, path string) string {
	switch {
	case k.kind == "Secret" && k.group == "":
		return ControlSecret
	case strings.HasSuffix(path, ".image"):
		return ControlImage
	case strings.Contains(path, ".env[") || strings.Contains(path, ".envFrom"):
		return ControlEnv
	}
	return ControlObject
}

// spoken says whether a comparer of meaning has spoken of a place.
func (c *comparison) spoken(k key, path string) bool {
	return slices.ContainsFunc(c.judged[k], func(speaks func(string) bool) bool { return speaks(path) })
}

func groupOf(apiVersion string) string {
	group, _, has := strings.Cut(apiVersion, "/")
	if !has {
		return ""
	}
	return group
}

// firstLine keeps the place and drops what a decoder quotes.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if strings.HasPrefix(line, "strict decoding error: unknown field ") {
		return line // it quotes names of fields only
	}
	if at := strings.IndexAny(line, "`{'\"[*"); at >= 0 {
		line = line[:at] + "…"
	}
	return line
}
