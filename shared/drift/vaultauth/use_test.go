package vaultauth

import (
	"net/http"
	"time"
)

// does says whether what is asked of a token is so. The second is false where
// there is no way to ask.
func (r *real) does(g *given, l Login, q Ask) (allowed, askable bool) {
	switch {
	case q.Request != nil:
		status, err := r.call(g.Token, r.workplace(l), map[bool]string{true: "LIST", false: "GET"}[q.Request.Capability == "list"], q.Request.Path, nil, nil)
		if q.Request.Capability == "update" {
			status, err = r.call(g.Token, r.workplace(l), "POST", q.Request.Path, table{"x": "y"}, nil)
		}
		if err != nil {
			r.t.Fatal(err)
		}
		return status != http.StatusForbidden, true
	case q.After > 0:
		return r.lives(g, q), true
	case q.Use > 0:
		for range q.Use - 1 {
			if _, err := r.call(g.Token, r.workplace(l), "GET", "kv/use", nil, nil); err != nil {
				r.t.Fatal(err)
			}
		}
		return r.alive(g), true
	case q.From.IsValid():
		return r.worksFrom(g, q.From.String())
	case q.Orphaned:
		r.must("POST", "auth/token/revoke", table{"token": g.parent}, nil)
		return r.alive(g), true
	}
	return true, true
}

// workplace is an address the token works from.
func (r *real) workplace(l Login) string {
	bound := r.spec().token.from
	if address, _ := addressIn(bound, nil); address.IsValid() {
		return address.String()
	}
	if l.Address.IsValid() {
		return l.Address.String()
	}
	return elsewhere
}

// alive: after its last use a token has fewer than none left, until Vault comes
// round to revoke it.
func (r *real) alive(g *given) bool {
	var looked struct {
		Data struct {
			Uses int64 `json:"num_uses"`
		} `json:"data"`
	}
	status, err := r.call(r.root, "", "POST", "auth/token/lookup", table{"token": g.Token}, &looked)
	if err != nil {
		r.t.Fatal(err)
	}
	return status == http.StatusOK && looked.Data.Uses >= 0
}

// lives: nobody waits; the time is what Vault says, and with renewals what it
// says after the longest renewal there is, or whether that has no end.
func (r *real) lives(g *given, q Ask) bool {
	const slack = 5 // seconds that went by
	seconds := int64(q.After / time.Second)
	if !q.Renewed {
		return g.Seconds > seconds
	}
	var looked struct {
		Data struct {
			Period   int64 `json:"period"`
			Explicit int64 `json:"explicit_max_ttl"`
		} `json:"data"`
	}
	r.must("POST", "auth/token/lookup", table{"token": g.Token}, &looked)
	if r.kind == "token" { // it takes them from its role at each renewal
		role := newFields(r.side.Roles[0].Fields)
		looked.Data.Period, looked.Data.Explicit = role.whole("token_period"), role.whole("token_explicit_max_ttl")
	}
	var answer struct {
		Auth *given `json:"auth"`
	}
	status, _ := r.send(g.client, g.base, r.root, "", "POST", "auth/token/renew", table{"token": g.Token, "increment": "80000h"}, &answer)
	if status != http.StatusOK || answer.Auth == nil {
		return g.Seconds > seconds
	}
	if looked.Data.Period > 0 {
		return looked.Data.Explicit == 0 || looked.Data.Explicit > seconds
	}
	return answer.Auth.Seconds+slack > seconds
}

// worksFrom an address: there has to be something that the token may do.
func (r *real) worksFrom(g *given, from string) (works, askable bool) {
	for _, name := range g.Policies {
		path := map[string]string{"p": "kv/p", "q": "kv/q", "default": "kv/default"}[name]
		if path == "" {
			continue
		}
		status, err := r.call(g.Token, from, "GET", path, nil, nil)
		if err != nil {
			r.t.Fatal(err)
		}
		return status != http.StatusForbidden, true
	}
	return false, false
}
