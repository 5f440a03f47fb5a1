package image

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// comparer is one run.
type comparer struct {
	names  [2]string
	result Result
}

// Compare compares the containers that both sides have; one that only one side
// has is left to the structural comparison, and so is a reference that cannot
// be read. names are those of the sides in texts. The error is finding.Bug.
func Compare(from, to Side, names [2]string) (*Result, error) {
	c := &comparer{names: names}
	others := map[finding.Object]Workload{}
	for _, w := range to.Workloads {
		others[w.Object] = w
	}
	for _, w := range from.Workloads {
		if err := c.workload(w, others[w.Object]); err != nil {
			return nil, err
		}
	}
	finding.Sort(c.result.Findings)
	return &c.result, nil
}

func (c *comparer) workload(from, to Workload) error {
	for _, a := range from.Containers {
		at := slices.IndexFunc(to.Containers, func(b Container) bool { return b.Place == a.Place })
		if at < 0 {
			continue
		}
		if err := c.pair(to, [2]Container{a, to.Containers[at]}); err != nil {
			return err
		}
	}
	return nil
}

// pair compares one container on both sides.
func (c *comparer) pair(w Workload, pair [2]Container) error {
	a, errA := read(pair[0].Image)
	b, errB := read(pair[1].Image)
	if errA != nil || errB != nil {
		return nil
	}
	c.result.Judge(w.Object, pair[0].Place)
	switch {
	case a.tag == "" && b.tag == "":
		if a.digest != b.digest {
			c.differ(w, pair, "content", [2]string{a.says(), b.says()}, "the digests differ")
		}
	case a.tag == "":
		return c.movable(w, pair, 1, b, [2]string{a.says(), b.says()})
	case b.tag == "":
		return c.movable(w, pair, 0, a, [2]string{a.says(), b.says()})
	case a != b:
		c.differ(w, pair, "content", [2]string{a.says(), b.says()}, "the tags differ")
	default:
		c.running(w, pair)
	}
	return nil
}

// movable is a tag on one side alone.
func (c *comparer) movable(w Workload, pair [2]Container, side int, tag named, says [2]string) error {
	push := Push{Repository: tag.repository, Tag: tag.tag}
	return c.result.Add(verdict.Claim{
		Control: Control, Object: w.Object, Aspect: pair[0].Place + " tag", Permissive: side, Says: says, Severity: finding.High,
		Witness: finding.Witness{Kind: "image-push", Text: fmt.Sprintf("another image pushed to %s:%s runs as %s", tag.repository, tag.tag, pair[side].Name),
			Details: map[string]string{"repository": tag.repository, "tag": tag.tag, "container": pair[side].Name}},
		Why:     fmt.Sprintf("%s: who may push to %s:%s changes what runs as %s; %s: runs one digest", c.names[side], tag.repository, tag.tag, pair[side].Name, c.names[1-side]),
		Changed: w.Changed,
	}, c.names, func(side int) bool { return Evaluate(pair[side].Image, push) })
}

// running compares what pods report to run where both sides name one tag.
func (c *comparer) running(w Workload, pair [2]Container) {
	if len(pair[0].Runs) == 0 || len(pair[1].Runs) == 0 {
		c.result.Untold++
		return
	}
	if !slices.Equal(pair[0].Runs, pair[1].Runs) {
		c.differ(w, pair, "running", [2]string{strings.Join(pair[0].Runs, ", "), strings.Join(pair[1].Runs, ", ")},
			"one tag, but the pods run other digests")
	}
}

func (c *comparer) differ(w Workload, pair [2]Container, aspect string, says [2]string, why string) {
	c.result.Findings = append(c.result.Findings, finding.Finding{
		Control: Control, Severity: finding.Warning, Direction: finding.Different, Object: w.Object,
		From: says[0], To: says[1], Explanation: why + " of container " + pair[0].Name, LastChanged: w.Changed,
	}.Identified(pair[0].Place+" "+aspect))
}
