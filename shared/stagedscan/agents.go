package stagedscan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/clawql/clawql-workbench/shared/agentthreat"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/secretscan"
)

// agents are the skills and MCP configurations of one run. The tool starts
// Node, so it looks at all of them at the end, at once.
type agents struct {
	lock  sync.Mutex
	files []agentFile
	trees map[string]bool // folders, with the place they are in: is there a SKILL.md
}

type agentFile struct {
	agentthreat.File
	commit string
}

// agent notes a change that an agent would follow or start.
func (s *scan) agent(c gitchange.Change) error {
	if !s.Agents || c.NewMode == "120000" {
		return nil
	}
	kind := agentthreat.KindOf(c.Path)
	if kind == agentthreat.Other {
		inTree, err := s.inSkill(c)
		if err != nil || !inTree {
			return err
		}
		kind = agentthreat.Skill
	}
	content, err := s.objects.Blob(c.New)
	if err != nil {
		return err
	}
	s.agentFile(agentFile{agentthreat.File{Path: c.Path, Kind: kind, Content: content}, c.Commit})
	return nil
}

func (s *scan) agentFile(f agentFile) {
	s.agents.lock.Lock()
	defer s.agents.lock.Unlock()
	s.agents.files = append(s.agents.files, f)
}

// inSkill says whether a text lies in the folder of a skill: SKILL.md sends an
// agent there.
func (s *scan) inSkill(c gitchange.Change) (bool, error) {
	if ext := strings.ToLower(path.Ext(c.Path)); ext != ".md" && ext != ".markdown" {
		return false, nil
	}
	if strings.ContainsAny(c.Path, "\n\x00") {
		return true, nil // git cannot be asked for it by name
	}
	place := c.Commit + ":"
	if c.Commit == "" {
		place = ":0:"
	}
	for dir := path.Dir(c.Path); dir != "."; dir = path.Dir(dir) {
		if has, err := s.hasSkill(place, dir); has || err != nil {
			return has, err
		}
	}
	return false, nil
}

func (s *scan) hasSkill(place, dir string) (bool, error) {
	s.agents.lock.Lock()
	defer s.agents.lock.Unlock()
	key := place + dir
	if has, known := s.agents.trees[key]; known {
		return has, nil
	}
	has := false
	for _, name := range []string{"/SKILL.md", "/skill.md"} {
		_, _, err := s.objects.Get(key + name)
		if err != nil && !errors.Is(err, gitchange.ErrMissing) {
			return false, err
		}
		has = has || err == nil
	}
	s.agents.trees[key] = has
	return has, nil
}

// judgeAgents lets the tool look at what was noted.
func (s *scan) judgeAgents(ctx context.Context) error {
	files := s.agents.files
	if len(files) == 0 {
		return nil
	}
	tool := agentthreat.Find()
	if tool == nil {
		return s.withoutTool(s.redact(files[0].Path))
	}
	slices.SortStableFunc(files, func(a, b agentFile) int { return cmp.Compare(a.Path, b.Path) })
	var given []agentthreat.File
	for i, f := range files {
		f.File.Path = fmt.Sprint(i) // one path may be there from several commits
		given = append(given, f.File)
	}
	threats, err := tool.Scan(ctx, given)
	if err != nil {
		return err
	}
	var done result
	for i, f := range files {
		if found := threatOf(f, fmt.Sprint(i), threats); found != nil {
			s.settle(&done, []Finding{*found}, f.commit)
		}
	}
	s.report.add(done)
	return nil
}

// threatOf is the one finding for a file: the gravest threat, and how many.
func threatOf(f agentFile, name string, threats []agentthreat.Threat) *Finding {
	var mine []agentthreat.Threat
	for _, one := range threats {
		if one.Path == name {
			mine = append(mine, one)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	slices.SortStableFunc(mine, func(a, b agentthreat.Threat) int { return cmp.Compare(a.Severity, b.Severity) }) // critical, high
	why := fmt.Sprintf("is %s to an agent: %s (%s)", mine[0].Severity, mine[0].Title, mine[0].Rule)
	if len(mine) > 1 {
		why += fmt.Sprintf(", and %d more", len(mine)-1)
	}
	return &Finding{In: InContent, Why: why, Finding: secretscan.Finding{
		Rule: RuleThreat, Description: "A skill or MCP configuration that threatens an agent: it " + why + ".", File: f.Path,
		Secret: secretscan.SecretOf(digest(f.Content)),
	}}
}

// withoutTool refuses where clawql.yaml asks for a tool, which it does unless
// it says otherwise; a repository without one is only told.
func (s *scan) withoutTool(name string) error {
	var text []byte
	if s.objects != nil { // there is a repository
		var err error
		if text, err = s.optional(s.prefix + project.FileName); err != nil {
			return err
		}
	}
	if text != nil {
		p, err := project.Parse(text)
		if err != nil || p.AgentThreatRules() == project.AgentRulesRequired {
			return fault.Unable("look at %s for threats to agents: neither atr nor pga is on PATH", name).
				Hint("npm install -g agent-threat-rules@4.0.0").
				Hint("or let clawql.yaml say hooks: {agentThreatRules: optional}, and commit that first")
		}
	}
	s.report.Notes = append(s.report.Notes, name+" was not looked at for threats to agents: neither atr nor pga is on PATH")
	return nil
}
