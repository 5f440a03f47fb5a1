package vaultauth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// from and to number the sides.
const (
	from = 0
	to   = 1
)

// comparison is one run.
type comparison struct {
	options  Options
	sides    [2]Side // with the policies that every Vault has
	index    [2]*indexed
	policies [2]map[string]vaultacl.Policy
	unread   [2]bool // the side says nothing of policies
	result   *verdict.Result
	shared   map[string]*sharedClaim     // those of mounts, by object, aspect and side
	known    map[string]finding.Severity // of policies, see gravity
}

// Compare holds mounts of one path, and roles of one mount and name, against
// one another. What a mount decides for its roles is said once, at the mount.
// A role without a mount, or one that is there twice, is an error; so is a
// witness that fails its check (finding.ErrBug).
func Compare(a, b Side, o Options) (*verdict.Result, error) {
	c := &comparison{options: o.filled(), sides: [2]Side{a, b}, result: &verdict.Result{}, shared: map[string]*sharedClaim{}, known: map[string]finding.Severity{}}
	for i := range c.sides {
		if err := c.prepare(i); err != nil {
			return nil, err
		}
	}
	for _, path := range both(c.index[from].mounts, c.index[to].mounts) {
		if err := c.mount(path); err != nil {
			return nil, err
		}
	}
	if err := c.sayShared(); err != nil {
		return nil, err
	}
	finding.Sort(c.result.Findings)
	slices.Sort(c.result.Incomplete)
	c.result.Incomplete = slices.Compact(c.result.Incomplete)
	return c.result, nil
}

func (c *comparison) prepare(side int) error {
	var err error
	if c.index[side], err = c.sides[side].index(c.options.Names[side]); err != nil {
		return err
	}
	c.unread[side] = len(c.sides[side].Policies) == 0
	c.policies[side] = map[string]vaultacl.Policy{"default": {Name: "default", Text: shippedDefault}}
	seen := map[string]bool{}
	for _, p := range c.sides[side].Policies {
		if name := strings.ToLower(p.Name); name == "" || seen[name] {
			return fault.Unable("comparing Vault auth methods: policy %q of side %s has no name, or is there twice", p.Name, c.options.Names[side])
		}
		seen[strings.ToLower(p.Name)] = true
		c.policies[side][strings.ToLower(p.Name)] = p
	}
	c.sides[side].Policies = slices.Collect(maps.Values(c.policies[side]))
	return nil
}

// both are the names that either has.
func both[T any](a, b map[string]T) []string {
	names := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(names)
	return slices.Compact(names)
}

// pair is a role of both sides with its mount; nil is not there.
type pair struct {
	object finding.Object
	mount  finding.Object
	name   string // of the role
	path   string
	kind   string
	mounts [2]*Mount
	roles  [2]*Role
	says   [2]spec
	gates  []gate
	// granted: a claim says what the policies of one side allow alone.
	granted bool
}

func (c *comparison) mount(path string) error {
	var mounts [2]*Mount
	for i := range mounts {
		if m, has := c.index[i].mounts[path]; has {
			mounts[i] = &m
		}
	}
	if mounts[from] != nil && mounts[to] != nil && mounts[from].Type == mounts[to].Type {
		return c.mountOfBoth(path, mounts)
	}
	for i, m := range mounts {
		if m != nil {
			if err := c.mountOfOne(path, m, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// roleNames of a mount, on a side; "" too where whoever the method knows may
// log in.
func (c *comparison) roleNames(m *Mount, side int) []string {
	var names []string
	if m == nil {
		return nil
	}
	if how, _ := methodOf(m.Type); how.entries {
		names = append(names, "")
	}
	for _, r := range c.index[side].roles {
		if r.Mount == m.Path {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *comparison) mountOfBoth(path string, mounts [2]*Mount) error {
	object := mounts[from].Object()
	if unset := mounts[from].Config == nil; unset != (mounts[to].Config == nil) {
		c.incomplete(object, "the configuration of one side is not known")
		if how, _ := methodOf(mounts[from].Type); how.entries {
			return nil
		}
	}
	names := slices.Concat(c.roleNames(mounts[from], from), c.roleNames(mounts[to], to))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		p, err := c.pair(path, name, mounts)
		if err != nil {
			return err
		}
		if p != nil {
			if err := c.role(p); err != nil {
				return err
			}
		}
	}
	c.opaqueMount(object, mounts)
	return nil
}

// pair of a role; nil where a field cannot be read, which makes the result
// incomplete.
func (c *comparison) pair(path, name string, mounts [2]*Mount) (*pair, error) {
	p := &pair{path: path, name: name, mounts: mounts}
	for i, m := range mounts {
		if m == nil {
			continue
		}
		p.kind, p.mount = m.Type, m.Object()
		p.object = Role{Mount: path, Name: name}.Object()
		if r, has := c.index[i].roles[p.object.Name]; has {
			p.roles[i] = &r
		}
		var err error
		if p.says[i], err = readSpec(m, p.roles[i]); err != nil {
			c.incomplete(p.object, c.options.Names[i]+": "+err.Error())
			return nil, nil //nolint:nilnil // said above
		}
	}
	if name == "" {
		p.object = p.mount
	}
	c.rename(&p.says[from])
	if err := c.exist(p); err != nil {
		return nil, err
	}
	how, _ := methodOf(p.kind)
	p.gates = how.gates(p.says)
	if mounts[from] != nil && mounts[to] != nil && (mounts[from].Config == nil || mounts[to].Config == nil) {
		p.gates = slices.DeleteFunc(p.gates, func(g gate) bool { return g.mount })
	}
	return p, nil
}

// exist tells the roles that give tokens of any policies which there are.
func (c *comparison) exist(p *pair) error {
	for i := range p.says {
		if p.kind == "token" {
			var err error
			if p.says[i].make.existing, err = c.gravest(i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparison) incomplete(object finding.Object, why string) {
	c.result.Incomplete = append(c.result.Incomplete, fmt.Sprintf("%s %s: %s", object.Kind, object, why))
}

// mountOfOne says that a mount, or a mount of this type, is on one side alone.
func (c *comparison) mountOfOne(path string, m *Mount, side int) error {
	mounts := [2]*Mount{}
	mounts[side] = m
	if _, known := methodOf(m.Type); !known {
		c.onlyMount(m, side, "what it decides is not known here")
		return nil
	}
	for _, name := range c.roleNames(m, side) {
		p, err := c.pair(path, name, mounts)
		if err != nil {
			return err
		}
		if p == nil || p.says[side].token.refused != "" {
			continue
		}
		if l, reached := c.base(p, side); reached == found {
			why := fmt.Sprintf("only %s has the mount as type %s, with %d roles", c.options.Names[side], m.Type, len(c.roleNames(m, side)))
			return c.admit(p, claim{object: m.Object(), aspect: "mount " + m.Type, side: side, login: l, why: why})
		}
	}
	c.onlyMount(m, side, "no role of it lets anyone log in")
	return nil
}

func (c *comparison) onlyMount(m *Mount, side int, why string) {
	says := [2]string{"does not have it as type " + m.Type, "does not have it as type " + m.Type}
	says[side] = "has it as type " + m.Type
	c.different(m.Object(), "mount "+m.Type, finding.Warning, says, why)
}

func (c *comparison) different(object finding.Object, aspect string, severity finding.Severity, says [2]string, why string) {
	f := finding.Finding{
		Control: Control, Severity: severity, Direction: finding.Different, Object: object, From: says[from], To: says[to], Explanation: why,
	}.Identified(aspect)
	if !slices.ContainsFunc(c.result.Findings, func(other finding.Finding) bool { return other.ID == f.ID }) {
		c.result.Findings = append(c.result.Findings, f)
	}
}
