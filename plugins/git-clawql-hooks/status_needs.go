package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/agentthreat"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/hookinstall"
	"github.com/clawql/clawql-workbench/shared/signsetup"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// policyCheck reads the policy of HEAD as a commit would: a gitleaks file that
// cannot be read would refuse every commit.
func policyCheck(ctx context.Context, dir string) hookinstall.Check {
	states, err := stagedscan.Exceptions(ctx, gitchange.In(dir))
	if err != nil {
		return hookinstall.Check{ID: "policy", State: hookinstall.Off, Looked: err.Error(), Fix: strings.Join(fault.Hints(err), "; ")}
	}
	ended, unused := 0, 0
	for _, one := range states {
		if one.Ended {
			ended++
		} else if one.Unused {
			unused++
		}
	}
	c := hookinstall.Check{ID: "policy", State: hookinstall.OK, Looked: fmt.Sprintf("rules and %d exceptions of HEAD can be read", len(states))}
	if ended+unused > 0 {
		c.State, c.Looked = hookinstall.Off, fmt.Sprintf("of %d exceptions %d have ended and %d are for nothing", len(states), ended, unused)
		c.Fix = "take them out, or renew them with git clawql-hooks allow"
	}
	return c
}

// signingChecks: where HEAD demands signatures, git must be set up to make
// them. `git clawql-hooks signing status` tells more.
func signingChecks(ctx context.Context, dir string) []hookinstall.Check {
	if !demandsSignatures(ctx, dir) {
		return []hookinstall.Check{{ID: "signatures", State: hookinstall.None, Looked: "neither .clawql/allowed_signers nor clawql.yaml in HEAD demands them: only secrets are checked"}}
	}
	items, err := signsetup.Status(ctx, dir, false, time.Now())
	if err != nil {
		return []hookinstall.Check{{ID: "signatures", State: hookinstall.Unknown, Looked: err.Error(), Fix: "git clawql-hooks signing status"}}
	}
	states := map[signsetup.State]hookinstall.State{signsetup.OK: hookinstall.OK, signsetup.Fail: hookinstall.Off, signsetup.Unknown: hookinstall.Unknown, signsetup.NA: hookinstall.None}
	var all []hookinstall.Check
	for _, one := range items {
		all = append(all, hookinstall.Check{ID: "signing " + one.ID, State: states[one.State], Looked: one.Text, Fix: one.Fix})
	}
	return all
}

func demandsSignatures(ctx context.Context, dir string) bool {
	if exec.CommandContext(ctx, "git", "-C", dir, "cat-file", "-e", "HEAD:.clawql/allowed_signers").Run() == nil {
		return true
	}
	text, err := exec.CommandContext(ctx, "git", "-C", dir, "cat-file", "blob", "HEAD:clawql.yaml").Output()
	return err == nil && (strings.Contains("\n"+string(text), "\nsigning:") || strings.Contains(string(text), "allowedSigners:"))
}

// agentToolCheck: skills and MCP configurations are looked at by pga or atr.
func agentToolCheck(ctx context.Context, dir string) hookinstall.Check {
	c := hookinstall.Check{ID: "agent rules"}
	if tool := agentthreat.Find(); tool != nil {
		c.State, c.Looked = hookinstall.OK, tool.Path
		return c
	}
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "ls-files", "-z").Output()
	if err != nil {
		c.State, c.Looked = hookinstall.Unknown, "git ls-files: "+err.Error()
		return c
	}
	for _, name := range strings.Split(string(out), "\x00") {
		if agentthreat.KindOf(name) != agentthreat.Other {
			c.State, c.Looked, c.Fix = hookinstall.Off, name+" is for agents, and neither pga nor atr is on PATH", "npm install --global agent-threat-rules"
			return c
		}
	}
	c.State, c.Looked = hookinstall.None, "no skill and no MCP configuration here"
	return c
}
