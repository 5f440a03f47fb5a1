package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Policy is one Vault policy, HCL or JSON, as production has it.
type Policy struct {
	Name string `json:"name"` // for messages: the file it came from
	Text string `json:"text"`
}

const (
	keeperPolicyName  = "clawql-session-keeper"
	commandPolicyName = "clawql-session"
)

// keeperPolicy is the supervisor's: delete takes all versions and the
// metadata, so that nothing is left to undelete.
const keeperPolicy = `
path "secret/data/*"       { capabilities = ["create", "update", "read"] }
path "secret/metadata/*"   { capabilities = ["list", "read", "delete"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
`

// PolicyForCommand is what a session's command may do unless the project
// brings policies of its own: read and write secrets and list their names.
// It cannot delete, undelete, destroy, read metadata, make tokens or change
// any setting.
const PolicyForCommand = `
path "secret/data/*"     { capabilities = ["create", "update", "read"] }
path "secret/metadata/*" { capabilities = ["list"] }
`

// everyCommand is what each command's token may do besides: look at itself and
// give itself up.
const everyCommand = `
path "auth/token/lookup-self"  { capabilities = ["read"] }
path "auth/token/revoke-self"  { capabilities = ["update"] }
path "sys/capabilities-self"   { capabilities = ["update"] }
`

// writePolicies writes the keeper's policy and the command's, and returns the
// names of the latter.
func (c *Client) writePolicies(ctx context.Context, own []Policy) ([]string, error) {
	if len(own) == 0 {
		own = []Policy{{Name: commandPolicyName, Text: PolicyForCommand}}
	}
	all := []Policy{{Name: keeperPolicyName, Text: keeperPolicy}, {Name: commandPolicyName + "-self", Text: everyCommand}}
	names := []string{all[1].Name}
	for i, one := range own {
		name := fmt.Sprintf("%s-%d", commandPolicyName, i)
		names = append(names, name)
		all = append(all, Policy{Name: name, Text: one.Text})
	}
	for i, one := range all {
		if err := c.api.Sys().PutPolicyWithContext(ctx, one.Name, one.Text); err != nil {
			if i >= 2 {
				return nil, badPolicy(own[i-2], err)
			}
			return nil, refused("writing the policy "+one.Name, err)
		}
	}
	return names, nil
}

// badPolicy says what Vault has against a policy of the project. Policies are
// not secret, so Vault's own words are passed on.
func badPolicy(one Policy, err error) error {
	var response *api.ResponseError
	if errors.As(err, &response) && response.StatusCode == 400 {
		return fault.Usage("policy %s: Vault refuses it: %s", one.Name, strings.Join(response.Errors, "; "))
	}
	return refused("writing the policy "+one.Name, err)
}
