package vaultauth

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// base is a login that the side lets in, and the other side too where it can.
func (c *comparison) base(p *pair, side int) (Login, reach) {
	l := Login{Mount: p.path, Type: p.kind, Role: p.name}
	for _, g := range p.gates {
		if reached := g.within(side, &l); reached != found {
			if reached == toomany {
				c.incomplete(p.object, "which "+g.name+" may log in has too many cases")
			}
			return l, reached
		}
	}
	return l, found
}

// role compares one role that is on both sides, or on one.
func (c *comparison) role(p *pair) error {
	for side := range p.says {
		l, reached := c.base(p, side)
		if !p.says[side].there || p.says[side].token.refused != "" || reached != found {
			continue
		}
		if err := c.beyond(p, side, l); err != nil {
			return err
		}
	}
	c.unlikeRoles(p)
	return nil
}

// beyond is what side lets happen and the other does not; l is a login that
// side lets in.
func (c *comparison) beyond(p *pair, side int, l Login) error {
	other := p.says[1-side]
	if _, known := methodOf(p.kind); !other.there && !known {
		c.oneSided(p, side, "what it decides is not known here")
		return nil
	}
	if !other.there {
		why := fmt.Sprintf("only %s has the role; its token has the policies %s", c.options.Names[side], list(p.says[side].token.policies))
		return c.admit(p, claim{object: p.object, aspect: "role", side: side, login: l, why: why})
	}
	if other.token.refused != "" {
		return c.admit(p, claim{object: p.object, aspect: "login", side: side, login: l, why: other.token.refused})
	}
	for _, g := range p.gates {
		if err := c.gate(p, g, side, l); err != nil {
			return err
		}
	}
	if _, known := methodOf(p.kind); !known {
		return nil
	}
	if err := c.grants(p, side, l); err != nil {
		return err
	}
	return c.life(p, side, l)
}

// admit is a claim that somebody is let in.
func (c *comparison) admit(p *pair, made claim) error {
	var err error
	if made.severity, err = c.severity(p, made.side, made.login); err != nil {
		return err
	}
	return c.claim(p, made)
}

func (c *comparison) gate(p *pair, g gate, side int, l Login) error {
	l = l.cloned()
	switch g.beyond(side, &l) {
	case found:
		why := fmt.Sprintf("only %s lets that in: the %s tells the sides apart", c.options.Names[side], g.name)
		return c.admit(p, claim{object: p.object, aspect: g.name, side: side, login: l, why: why, mount: g.mount})
	case toomany:
		c.incomplete(p.object, "it is not told which "+g.name+" may log in on one side alone")
	}
	return nil
}

// life compares how long, how often and from where a token works.
func (c *comparison) life(p *pair, side int, l Login) error {
	mine, theirs := p.says[side].token, p.says[1-side].token
	for _, one := range outcomes(mine, theirs, p.says[side].make.orphan && !p.says[1-side].make.orphan) {
		made := claim{
			object: p.object, aspect: one.aspect, side: side, login: l, ask: one.ask, severity: finding.High,
			mount: mine.ownLife == theirs.ownLife && one.aspect != "orphan",
			why:   "only " + c.options.Names[side] + " lets that happen: " + strings.TrimPrefix(one.ask.String(), "and "),
		}
		if p.kind == "token" {
			made.login.Creation.Type = one.kind
		}
		if err := c.claim(p, made); err != nil {
			return err
		}
	}
	return nil
}

// outcome is something that a token does on one side alone, and the type of
// token that does it.
type outcome struct {
	aspect string
	ask    Ask
	kind   string
}

// outcomes that the tokens of mine have beyond those of theirs. Of two about
// their end one is enough.
func outcomes(mine, theirs token, orphan bool) []outcome {
	var list []outcome
	for _, renewed := range []bool{true, false} {
		long, kind := longest(mine, renewed)
		if short, _ := longest(theirs, renewed); long > short && len(list) == 0 {
			if long == forever {
				long = 0
			}
			list = append(list, outcome{"life", Ask{After: between(short, long), Renewed: renewed}, kind})
		}
	}
	most, kind := mostUses(mine)
	if fewer, _ := mostUses(theirs); fewer > 0 && (most == 0 || most > fewer) {
		list = append(list, outcome{"uses", Ask{Use: fewer + 1}, kind})
	}
	if address, reached := addressBeyond(mine.from, theirs.from); reached == found {
		list = append(list, outcome{"token address", Ask{From: address}, ""})
	}
	if orphan {
		list = append(list, outcome{"orphan", Ask{Orphaned: true}, "service"})
	}
	return list
}

func longest(t token, renewed bool) (long time.Duration, kind string) {
	for _, f := range t.forms {
		life := f.plain
		if renewed {
			life = f.renewed
		}
		if life > long {
			long, kind = life, f.kind()
		}
	}
	return long, kind
}

// mostUses of a token; 0 is no limit.
func mostUses(t token) (most int64, kind string) {
	for i, f := range t.forms {
		if i == 0 || f.uses == 0 || most > 0 && f.uses > most {
			most, kind = f.uses, f.kind()
		}
	}
	return most, kind
}

func (f form) kind() string {
	if f.batch {
		return "batch"
	}
	return "service"
}

// unlikeRoles says what differs and was not judged.
func (c *comparison) unlikeRoles(p *pair) {
	if !p.says[from].there || !p.says[to].there {
		c.nobody(p)
		return
	}
	how, _ := methodOf(p.kind)
	names := unlike(p.says[from].opaque, p.says[to].opaque)
	if len(names) > 0 {
		c.different(p.object, "conditions", finding.Warning, [2]string{"says one thing", "says another"}, "these differ, and it is not told which lets more in: "+strings.Join(names, ", "))
	}
	for _, name := range p.says[from].hidden {
		if slices.Contains(p.says[to].hidden, name) {
			c.incomplete(p.object, "field "+name+" was left out as a secret, and cannot be compared")
		}
	}
	for _, name := range names {
		if !slices.Contains(how.known, name) {
			c.incomplete(p.object, "field "+name+" differs, and is not known here")
		}
	}
	c.otherNames(p)
	if a, b := kinds(p.says[from].token), kinds(p.says[to].token); a != b {
		c.different(p.object, "token type", finding.Warning, [2]string{"gives tokens of type " + a, "gives tokens of type " + b}, "a batch token cannot be revoked; a service token can create others")
	}
}

func kinds(t token) string {
	var list []string
	for _, f := range t.forms {
		list = append(list, f.kind())
	}
	return strings.Join(list, " or ")
}

// nobody can log in by a role that one side alone has.
func (c *comparison) nobody(p *pair) {
	for side, s := range p.says {
		if !s.there {
			continue
		}
		if _, reached := c.base(p, side); s.token.refused != "" || reached == none {
			c.oneSided(p, side, "nobody can log in by it; "+s.token.refused)
		}
	}
}

func (c *comparison) oneSided(p *pair, side int, why string) {
	says := [2]string{"does not have it", "does not have it"}
	says[side] = "has it"
	c.different(p.object, "role", finding.Warning, says, why)
}
