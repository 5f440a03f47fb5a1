package project

import "time"

// LongestSession is how long a Vault session may live, from the curriculum:
// external keys are on a workstation for four hours at most.
const LongestSession = 4 * time.Hour

// Session says how `clawql-vault-session` runs in this project. It is read
// from the work tree: a session touches nothing but the person's own machine.
type Session struct {
	TTL      Duration `json:"ttl,omitempty"`      // whole seconds, at most 4h, default 4h
	Policies []string `json:"policies,omitempty"` // paths in the repository: Vault policies, those of production
}

func (s *Session) checks() []check {
	if s == nil {
		return nil
	}
	ttl := time.Duration(s.TTL)
	all := []check{{"session.ttl", ttl == 0 || ttl >= time.Second && ttl <= LongestSession && ttl%time.Second == 0, s.TTL, "whole seconds from 1s to 4h"}}
	for i, policy := range s.Policies {
		all = append(all, check{indexed("session.policies", i), inside(policy), policy, "a path inside the repository"})
	}
	return all
}
