package podsec

import (
	"fmt"
	"strings"
	"sync"

	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// cluster is what holds in a namespace without labels.
func cluster() api.Policy {
	open := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
	return api.Policy{Enforce: open, Audit: open, Warn: open}
}

// comparer asks Kubernetes' own checks.
type comparer struct {
	checks    []policy.Check
	evaluator policy.Evaluator
	names     [2]string
	sides     [2]Side
	result    *Result
}

// standard is Kubernetes' Pod Security standard.
type standard struct {
	checks    []policy.Check
	evaluator policy.Evaluator
	alone     map[policy.CheckID]policy.Evaluator // of one check each
}

// theStandard is made once: it takes longer than most comparisons.
var theStandard = sync.OnceValues(func() (standard, error) {
	s := standard{checks: policy.DefaultChecks(), alone: map[policy.CheckID]policy.Evaluator{}}
	for _, check := range s.checks {
		one := check
		one.Versions = append([]policy.VersionedCheck{}, check.Versions...)
		for i := range one.Versions {
			one.Versions[i].OverrideCheckIDs = nil
		}
		evaluator, err := policy.NewEvaluator([]policy.Check{one}, nil)
		if err != nil {
			return s, err
		}
		s.alone[check.ID] = evaluator
	}
	var err error
	s.evaluator, err = policy.NewEvaluator(s.checks, nil)
	return s, err
})

// Compare says which pods one side admits or runs and the other does not.
// names are those of the sides in texts.
func Compare(from, to Side, names [2]string) (*Result, error) {
	s, err := theStandard()
	if err != nil {
		return nil, fault.Unable("comparing pod security: %w", err)
	}
	c := &comparer{s.checks, s.evaluator, names, [2]Side{from, to}, &Result{}}
	if err := c.namespaces(); err != nil {
		return nil, err
	}
	if err := c.workloads(); err != nil {
		return nil, err
	}
	finding.Sort(c.result.Findings)
	return c.result, nil
}

// namespaces compares those that both sides have.
func (c *comparer) namespaces() error {
	other := map[string]Namespace{}
	for _, ns := range c.sides[1].Namespaces {
		other[ns.Name] = ns
	}
	for _, ns := range c.sides[0].Namespaces {
		if twin, both := other[ns.Name]; both {
			if err := c.namespace(ns, twin); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparer) namespace(a, b Namespace) error {
	var set [2]api.Policy
	for i, ns := range []Namespace{a, b} {
		read, errs := api.PolicyToEvaluate(ns.Labels, cluster())
		if len(errs) > 0 { // the API server then enforces restricted, and reports the label
			c.result.Incomplete = append(c.result.Incomplete, fmt.Sprintf("pod security of namespace %s in %s: %v", ns.Name, c.names[i], errs.ToAggregate()))
			return nil
		}
		set[i] = read
	}
	if set[0].Enforce == set[1].Enforce {
		c.advice(a, b, set)
		return nil
	}
	pods := append(probePods(), templates(a.Name, c.sides[:]...)...)
	for _, permissive := range []int{0, 1} {
		if err := c.admission([2]Namespace{a, b}, set, permissive, pods); err != nil {
			return err
		}
	}
	c.advice(a, b, set)
	return nil
}

// admission looks for the first pod that side permissive admits and the other
// refuses.
func (c *comparer) admission(ns [2]Namespace, set [2]api.Policy, permissive int, pods []pod) error {
	strict := 1 - permissive
	for _, p := range pods {
		if c.refusal(set[permissive].Enforce, p) != "" {
			continue
		}
		why := c.refusal(set[strict].Enforce, p)
		if why == "" {
			continue
		}
		if err := c.recheck(set, permissive, p); err != nil {
			return err
		}
		f := finding.Finding{
			Control: ControlAdmission, Severity: finding.High, Direction: finding.MorePermissive,
			Object: finding.Object{APIVersion: "v1", Kind: "Namespace", Name: ns[0].Name},
			From:   "enforces " + set[0].Enforce.String(), To: "enforces " + set[1].Enforce.String(),
			Witness:     &finding.Witness{Kind: "pod", Text: p.what, Details: map[string]string{"namespace": ns[0].Name, "refusedFor": why}},
			Explanation: fmt.Sprintf("%s admits %s in %s; %s refuses it: %s", c.names[permissive], p.what, ns[0].Name, c.names[strict], why),
			LastChanged: ns[0].Changed,
		}
		if set[permissive].Enforce.Level == api.LevelPrivileged {
			f.Severity = finding.Critical
		}
		if permissive == 1 {
			f.Direction, f.Severity = finding.Stricter, finding.Warning
		}
		c.result.Findings = append(c.result.Findings, f.Identified(""))
		c.result.judgeLabels(f.Object, api.EnforceLevelLabel, api.EnforceVersionLabel)
		return nil
	}
	return nil
}

// refusal asks check by check; "" is admitted.
func (c *comparer) refusal(lv api.LevelVersion, p pod) string {
	var reasons []string
	for _, one := range c.evaluator.EvaluatePod(lv, &p.meta, &p.spec) {
		if !one.Allowed {
			reasons = append(reasons, one.ForbiddenReason)
		}
	}
	return strings.Join(reasons, ", ")
}

// recheck asks again in another way: each level's own list of checks, put
// together here from the standard's table instead of by its evaluator.
func (c *comparer) recheck(set [2]api.Policy, permissive int, p pod) error {
	for i, lv := range []api.LevelVersion{set[0].Enforce, set[1].Enforce} {
		if got, want := c.admits(lv, p), i == permissive; got != want {
			return finding.Bug(ControlAdmission, p.what, fmt.Sprintf("admitted by %s only", c.names[permissive]),
				fmt.Sprintf("that %s admits it is %v", c.names[i], got))
		}
	}
	return nil
}

// admits says whether no check in force at lv refuses the pod.
func (c *comparer) admits(lv api.LevelVersion, p pod) bool {
	if lv.Level == api.LevelPrivileged {
		return true
	}
	inForce, overridden := map[policy.CheckID]policy.VersionedCheck{}, map[policy.CheckID]bool{}
	for _, check := range c.checks {
		version, ok := at(check, lv.Version)
		if !ok || lv.Level == api.LevelBaseline && check.Level != api.LevelBaseline {
			continue
		}
		inForce[check.ID] = version
		for _, id := range version.OverrideCheckIDs {
			overridden[id] = true
		}
	}
	for id, version := range inForce {
		if !overridden[id] && !version.CheckPod(&p.meta, &p.spec).Allowed {
			return false
		}
	}
	return true
}

// at is the check as it stands in a version of the standard.
func at(check policy.Check, version api.Version) (policy.VersionedCheck, bool) {
	var last policy.VersionedCheck
	found := false
	for _, one := range check.Versions {
		if !version.Older(one.MinimumVersion) {
			last, found = one, true
		}
	}
	return last, found
}

// advice notes labels that admit and refuse nothing. A namespace without a
// label for what it warns of warns of what it enforces: that is no difference
// of its own, so the labels themselves are compared.
func (c *comparer) advice(a, b Namespace, set [2]api.Policy) {
	same, labels := true, []string{api.AuditLevelLabel, api.AuditVersionLabel, api.WarnLevelLabel, api.WarnVersionLabel}
	for _, label := range labels {
		same = same && a.Labels[label] == b.Labels[label]
	}
	if same {
		return
	}
	say := func(p api.Policy) string {
		return fmt.Sprintf("audits %s, warns of %s", p.Audit.String(), p.Warn.String())
	}
	object := finding.Object{APIVersion: "v1", Kind: "Namespace", Name: a.Name}
	c.result.judgeLabels(object, labels...)
	c.result.Findings = append(c.result.Findings, finding.Finding{
		Control: ControlAdmission, Severity: finding.Info, Direction: finding.Different,
		Object: object, From: say(set[0]), To: say(set[1]),
		Explanation: "what is audited and warned of differs; it admits and refuses nothing", LastChanged: a.Changed,
	}.Identified("advice"))
}
