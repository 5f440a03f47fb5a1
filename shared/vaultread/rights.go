package vaultread

// Rights is the policy that a token needs to read a Vault whole, and nothing
// more: without one of its paths a reading is incomplete. Nothing can be
// written with it, no secret be read, and nobody log in. `+` is one step of a
// path: a method that is mounted deeper (auth/team/kubernetes) needs its own
// paths, which the incomplete reading names.
const Rights = `path "sys/policies/acl"       { capabilities = ["list"] }
path "sys/policies/acl/*"     { capabilities = ["read"] }
path "sys/auth"               { capabilities = ["read"] }
path "sys/mounts/auth/+/tune" { capabilities = ["read"] }
path "auth/+/config"          { capabilities = ["read"] }
path "auth/+/role"            { capabilities = ["list"] }
path "auth/+/role/+"          { capabilities = ["read"] }
path "auth/+/roles"           { capabilities = ["list"] }
path "auth/+/roles/+"         { capabilities = ["read"] }
path "auth/+/users"           { capabilities = ["list"] }
path "auth/+/users/+"         { capabilities = ["read"] }
path "auth/+/groups"          { capabilities = ["list"] }
path "auth/+/groups/+"        { capabilities = ["read"] }
path "auth/+/certs"           { capabilities = ["list"] }
path "auth/+/certs/+"         { capabilities = ["read"] }
path "auth/+/map/teams"       { capabilities = ["list"] }
path "auth/+/map/teams/+"     { capabilities = ["read"] }
path "auth/+/map/users"       { capabilities = ["list"] }
path "auth/+/map/users/+"     { capabilities = ["read"] }
path "identity/group/name"    { capabilities = ["list"] }
path "identity/group/name/*"  { capabilities = ["read"] }
path "identity/entity/name"   { capabilities = ["list"] }
path "identity/entity/name/*" { capabilities = ["read"] }
`

// EnterpriseRights are needed besides where the server is Vault Enterprise.
const EnterpriseRights = `path "sys/policies/rgp"       { capabilities = ["list"] }
path "sys/policies/egp"       { capabilities = ["list"] }
`
