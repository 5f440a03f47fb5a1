package vaultauth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// claim is something that side lets happen and the other does not.
type claim struct {
	object   finding.Object
	aspect   string
	side     int
	login    Login
	ask      Ask
	why      string
	severity finding.Severity
	mount    bool // the mount decides it, for all its roles
}

// sharedClaim is one that is made at a mount, with the roles it holds for.
type sharedClaim struct {
	claim
	roles []string
}

// claim is made now, or at the end where it is about the mount.
func (c *comparison) claim(p *pair, made claim) error {
	if !made.mount && p.name != "" {
		return c.say(made)
	}
	made.object = p.mount
	key := strings.Join([]string{p.mount.Name, made.aspect, fmt.Sprint(made.side)}, "\x00")
	if c.shared[key] == nil {
		c.shared[key] = &sharedClaim{claim: made}
	}
	name := p.name
	if name == "" {
		name = "(whoever else it knows)"
	}
	c.shared[key].roles = append(c.shared[key].roles, name)
	return nil
}

func (c *comparison) sayShared() error {
	for _, key := range slices.Sorted(maps.Keys(c.shared)) {
		one := c.shared[key]
		one.why = fmt.Sprintf("%s; the mount decides it, for the roles %s", one.why, list(one.roles))
		if err := c.say(one.claim); err != nil {
			return err
		}
	}
	return nil
}

// list of names, the first few.
func list(names []string) string {
	const shown = 6
	if len(names) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	if len(names) == 0 {
		return "(none)"
	}
	return strings.Join(names, ", ")
}

// say a claim, after Evaluate was asked about its witness on both sides.
func (c *comparison) say(made claim) error {
	var answers [2]Answer
	for side := range answers {
		var err error
		if answers[side], err = Evaluate(c.sides[side], c.named(side, made.login), made.ask); err != nil {
			return err
		}
	}
	return c.result.Add(verdict.Claim{
		Control: Control, Object: made.object, Aspect: made.aspect, Permissive: made.side, Severity: made.severity, Why: made.why,
		Says:    [2]string{answers[from].Why, answers[to].Why},
		Witness: witness(made.login, made.ask),
	}, c.options.Names, func(side int) bool { return answers[side].Allowed })
}

func witness(l Login, q Ask) finding.Witness {
	text := strings.TrimSpace(l.String() + " " + q.String())
	return finding.Witness{Kind: "vault-login", Text: text, Details: details(l, q)}
}

// grants compares what the tokens of a role may do, where their policies have
// other names. Where only a policy's text differs, the policy has a finding.
func (c *comparison) grants(p *pair, side int, l Login) error {
	mine, theirs := p.says[side].token, p.says[1-side].token
	if p.kind == "token" || slices.Equal(mine.policies, theirs.policies) {
		return nil
	}
	if c.unread[from] || c.unread[to] {
		c.incomplete(p.object, "its policies differ, and what policies allow is not known of both sides")
		return nil
	}
	gap, err := c.gap(p.object, side, mine.policies, theirs.policies)
	if gap == nil || err != nil {
		return err
	}
	p.granted = true
	severity, err := c.gravity(side, mine.policies, append(slices.Clone(theirs.policies), "default"))
	if err != nil {
		return err
	}
	return c.claim(p, claim{
		object: p.object, aspect: "policies", side: side, login: l, ask: Ask{Request: &gap.Request}, mount: mine.ownPolicies == theirs.ownPolicies,
		severity: severity,
		why:      fmt.Sprintf("%s alone gives the policies %s, %s alone %s; %s", c.options.Names[side], list(less(mine.policies, theirs.policies)), c.options.Names[1-side], list(less(theirs.policies, mine.policies)), gap.Explanation),
	})
}

// less are the names without those of others.
func less(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// gap is what policies of side allow and those of the other do not, nil for
// nothing. Both are also looked at with the texts of one side: what differs
// only by the texts is no difference of the role.
func (c *comparison) gap(object finding.Object, side int, mine, theirs []string) (*vaultacl.Gap, error) {
	options := vaultacl.Options{Names: [2]string{c.options.Names[side], c.options.Names[1-side]}}
	gap, incomplete, err := vaultacl.Beyond(c.texts(side, mine), c.texts(1-side, theirs), options)
	for _, why := range incomplete {
		c.incomplete(object, why)
	}
	if gap == nil || err != nil {
		return nil, err
	}
	for texts := range c.sides {
		same, _, err := vaultacl.Beyond(c.texts(texts, mine), c.texts(texts, theirs), options)
		if same != nil || err != nil {
			return gap, err
		}
	}
	return nil, nil //nolint:nilnil // nil is no gap
}

// texts of policies on a side; one that is not there grants nothing.
func (c *comparison) texts(side int, names []string) []vaultacl.Policy {
	var list []vaultacl.Policy
	for _, name := range names {
		if p, has := c.policies[side][name]; has {
			list = append(list, p)
		}
	}
	return list
}

// otherNames: the policies differ, and no claim says in what.
func (c *comparison) otherNames(p *pair) {
	mine, theirs := p.says[from].token, p.says[to].token
	if p.granted || p.kind == "token" || (mine.refused == "") != (theirs.refused == "") || slices.Equal(mine.policies, theirs.policies) {
		return
	}
	object := p.object
	if mine.ownPolicies == theirs.ownPolicies {
		object = p.mount
	}
	c.different(object, "policies", finding.Warning,
		[2]string{"gives the policies " + list(mine.policies), "gives the policies " + list(theirs.policies)},
		"no request shows which side allows more, apart from what their texts say")
}

// severity of letting somebody in: by what the token may do.
func (c *comparison) severity(p *pair, side int, l Login) (finding.Severity, error) {
	names := p.says[side].token.policies
	if p.kind == "token" {
		names = l.Creation.Policies
	}
	worst, err := c.gravity(side, names, []string{"default"})
	if worst == finding.Critical || p.kind == "token" {
		return worst, err
	}
	return finding.High, err
}

// gravity is the severity of what policies of a side allow beyond others of it;
// a warning where that is nothing.
func (c *comparison) gravity(side int, names, beyond []string) (finding.Severity, error) {
	key := fmt.Sprint(side, names, beyond)
	if known, has := c.known[key]; has {
		return known, nil
	}
	if c.unread[side] {
		return finding.High, nil
	}
	gap, _, err := vaultacl.Beyond(c.texts(side, names), c.texts(side, beyond), vaultacl.Options{})
	worst := finding.Warning
	if gap != nil {
		worst = gap.Severity
	}
	c.known[key] = worst
	return worst, err
}

// gravest are the policies of a side, what allows the most first.
func (c *comparison) gravest(side int) ([]string, error) {
	names := slices.Sorted(maps.Keys(c.policies[side]))
	rank := map[string]int{}
	for _, name := range names {
		severity, err := c.gravity(side, []string{name}, []string{"default"})
		if err != nil {
			return nil, err
		}
		rank[name] = slices.Index([]finding.Severity{finding.Critical, finding.High, finding.Warning}, severity)
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank[a] - rank[b] })
	return names, nil
}
