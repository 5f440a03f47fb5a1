package podsec

import (
	"fmt"
	"slices"

	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// workloads compares the templates of both sides.
func (c *comparer) workloads() error {
	var by [2]map[finding.Object]Workload
	var order []finding.Object
	for i, side := range c.sides {
		by[i] = map[finding.Object]Workload{}
		for _, w := range side.Workloads {
			if _, doubled := by[i][w.Object]; doubled {
				c.result.Incomplete = append(c.result.Incomplete, fmt.Sprintf("%s has two of %s %s", c.names[i], w.Object.Kind, w.Object))
			}
			if _, other := by[0][w.Object]; i == 0 || !other {
				order = append(order, w.Object)
			}
			by[i][w.Object] = w
		}
	}
	for _, object := range order {
		for permissive := range by {
			if err := c.workload(object, by, permissive); err != nil {
				return err
			}
		}
	}
	return nil
}

// workload notes each check that the pod of side permissive fails and the
// other's passes. A side without the workload runs no pod, which fails nothing.
func (c *comparer) workload(object finding.Object, by [2]map[finding.Object]Workload, permissive int) error {
	loose, has := by[permissive][object]
	if !has {
		return nil
	}
	tight, both := by[1-permissive][object]
	for _, check := range c.checks {
		latest := check.Versions[len(check.Versions)-1]
		bad := latest.CheckPod(&loose.Meta, &loose.Spec)
		if bad.Allowed || c.said(check, loose, tight, both) || both && !latest.CheckPod(&tight.Meta, &tight.Spec).Allowed {
			continue
		}
		if err := c.recheckPod(check, loose, tight, both, permissive); err != nil {
			return err
		}
		c.result.Findings = append(c.result.Findings, c.podFinding(check, bad, loose, both, permissive))
		c.result.judge(object, places(check, loose.Spec)...)
	}
	return nil
}

// said says whether a check of baseline that this one takes the place of is a
// finding already: it says the same, and that it is worse.
func (c *comparer) said(check policy.Check, loose, tight Workload, both bool) bool {
	for _, other := range c.checks {
		if !slices.Contains(check.Versions[len(check.Versions)-1].OverrideCheckIDs, other.ID) {
			continue
		}
		version := other.Versions[len(other.Versions)-1]
		if !version.CheckPod(&loose.Meta, &loose.Spec).Allowed && (!both || version.CheckPod(&tight.Meta, &tight.Spec).Allowed) {
			return true
		}
	}
	return false
}

// recheckPod asks the standard's own evaluator, over a list of this one check.
func (c *comparer) recheckPod(check policy.Check, loose, tight Workload, both bool, permissive int) error {
	s, err := theStandard()
	if err != nil {
		return finding.Bug(ControlPods, string(check.ID), "failed", err.Error())
	}
	evaluator := s.alone[check.ID]
	refused := func(w Workload) bool {
		results := evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &w.Meta, &w.Spec)
		return !policy.AggregateCheckResults(results).Allowed
	}
	if !refused(loose) || both && refused(tight) {
		return finding.Bug(ControlPods, string(check.ID)+" of "+loose.Object.String(), "failed by "+c.names[permissive]+" only", "otherwise")
	}
	return nil
}

func (c *comparer) podFinding(check policy.Check, bad policy.CheckResult, w Workload, both bool, permissive int) finding.Finding {
	says := bad.ForbiddenReason
	if bad.ForbiddenDetail != "" {
		says += " (" + bad.ForbiddenDetail + ")"
	}
	sides := [2]string{"passes the check", "passes the check"}
	if !both {
		sides[1-permissive] = "has no such workload"
	}
	sides[permissive] = says
	f := finding.Finding{
		Control: ControlPods, Object: w.Object, Direction: finding.MorePermissive, Severity: finding.Warning,
		From: sides[0], To: sides[1],
		Witness:     &finding.Witness{Kind: "pod", Text: "the pod of " + w.Object.Kind + " " + w.Object.String(), Details: map[string]string{"check": string(check.ID), "level": string(check.Level)}},
		Explanation: fmt.Sprintf("%s runs it with %s; %s does not", c.names[permissive], says, c.names[1-permissive]),
		LastChanged: w.Changed,
	}
	if check.Level == api.LevelBaseline {
		f.Severity = finding.High
	}
	if permissive == 1 {
		f.Direction, f.Severity = finding.Stricter, finding.Info
	}
	return f.Identified(string(check.ID))
}
