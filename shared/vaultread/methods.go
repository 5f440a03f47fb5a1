package vaultread

// method is what there is to read of a type of auth method, below its mount.
type method struct {
	config bool    // it has a configuration, at config
	lists  []lists // of those who may log in
}

// lists is a folder of names; each is read at its own path below it.
type lists struct {
	path string // "role"
	// prefix keeps names of several folders apart; the main one has none.
	prefix string
}

var (
	roles = []lists{{path: "role"}}
	users = []lists{{path: "users"}}
)

// methods that are read whole. One of another type makes a reading incomplete.
// Source: the API documentation of each method; the tests ask the real ones.
var methods = map[string]method{
	"token":      {lists: []lists{{path: "roles"}}},
	"ns_token":   {lists: []lists{{path: "roles"}}}, // the same, in a namespace
	"kubernetes": {config: true, lists: roles},
	"jwt":        {config: true, lists: roles},
	"oidc":       {config: true, lists: roles},
	"approle":    {lists: roles},
	"userpass":   {lists: users},
	"radius":     {config: true, lists: users},
	"cert":       {config: true, lists: []lists{{path: "certs"}}},
	"ldap":       {config: true, lists: []lists{{path: "groups", prefix: "groups/"}, {path: "users", prefix: "users/"}}},
	"github":     {config: true, lists: []lists{{path: "map/teams", prefix: "teams/"}, {path: "map/users", prefix: "users/"}}},
}
