package main

import (
	"strings"

	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// family is what a person needs to know about the rules of one issuer.
type family struct {
	rules    string   // the beginning of their ids
	rotate   string   // where to revoke and replace
	prefixes []string // fixed beginnings, the same in every such secret: they tell nothing
}

// families; the first that fits counts. A rule of none has the general advice
// and shows nothing of its secret.
var families = []family{
	{"clawql-api-key", "revoke the key at the gateway; `clawql-vault-session put CLAWQL_API_KEY` keeps the new one", []string{"cqk_"}},
	{"clawql-virtual-key", "revoke the virtual key at the gateway; `clawql-vault-session put NAME` keeps the new one", []string{"clawql-vk-"}},
	{"clawql-oauth-code", "it is spent by its first use; start the sign-in anew", []string{"mca_"}},
	{"clawql-refresh-token", "revoke the session at the gateway, and sign in anew", []string{"mcr_"}},
	{"clawql-session-jwt", "revoke the session at the gateway; it lives an hour at most", nil},
	{"clawql-env", "issue a new value; `clawql-vault-session put NAME` keeps it, `clawql-vault-session run` hands it over", nil},
	{stagedscan.RuleLive, "take it out: the vault session hands it to programs (`clawql-vault-session run`)", nil},
	{stagedscan.RuleUnread, "commit its files as they are, or with an archive that opens without a password", nil},
	{stagedscan.RuleURL, "take the password out of the URL (git credential helpers keep it), and change it", nil},
	{stagedscan.RuleThreat, "read what it makes an agent do; take that out, or do not take the file", nil},
	{"aws-amazon-bedrock", "AWS console, Amazon Bedrock, API keys: delete it, make another", nil},
	{"aws", "AWS console, IAM, Users, Security credentials: deactivate, then delete", []string{"AKIA", "ASIA", "ABIA", "ACCA", "A3T"}},
	{"github", "https://github.com/settings/tokens (or the app that issued it): delete it", []string{"github_pat_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"}},
	{"gitlab", "GitLab, Preferences, Access tokens (or the project's, the runner's): revoke", []string{"glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glft-", "glsoat-"}},
	{"slack-webhook", "https://api.slack.com/apps, Incoming Webhooks: remove it", nil},
	{"slack", "https://api.slack.com/apps, OAuth & Permissions: revoke", []string{"xoxb-", "xoxp-", "xoxe-", "xapp-", "xoxs-", "xoxa-", "xoxr-", "xoxo-"}},
	{"stripe", "https://dashboard.stripe.com/apikeys: roll the key", []string{"sk_live_", "rk_live_", "sk_test_", "rk_test_", "sk_prod_", "rk_prod_"}},
	{"anthropic", "https://console.anthropic.com/settings/keys: disable it", []string{"sk-ant-"}},
	{"openai", "https://platform.openai.com/api-keys: revoke", []string{"sk-proj-", "sk-svcacct-", "sk-admin-", "sk-"}},
	{"huggingface", "https://huggingface.co/settings/tokens: invalidate", []string{"hf_", "api_org_"}},
	{"gcp", "Google Cloud console, APIs & Services, Credentials: delete or regenerate", []string{"AIza"}},
	{"azure", "Entra admin center, App registrations, Certificates & secrets: delete", nil},
	{"npm", "https://www.npmjs.com/settings/~/tokens: delete it", []string{"npm_"}},
	{"pypi", "https://pypi.org/manage/account/token: remove it", []string{"pypi-"}},
	{"rubygems", "https://rubygems.org/profile/api_keys: revoke", []string{"rubygems_"}},
	{"digitalocean", "https://cloud.digitalocean.com/account/api/tokens: revoke", []string{"dop_v1_", "doo_v1_", "dor_v1_"}},
	{"cloudflare", "https://dash.cloudflare.com/profile/api-tokens: roll it", nil},
	{"heroku", "https://dashboard.heroku.com/account: regenerate the API key", nil},
	{"vault", "`vault token revoke`, with an accessor of the audit log where you have it", []string{"hvs.", "hvb."}},
	{"sendgrid", "https://app.sendgrid.com/settings/api_keys: delete it", []string{"SG."}},
	{"twilio", "https://console.twilio.com, API keys: delete it", nil},
	{"telegram", "@BotFather, /revoke", nil},
	{"discord", "https://discord.com/developers/applications: reset it", nil},
	{"shopify", "Shopify admin, Apps: uninstall or rotate", []string{"shpat_", "shpca_", "shppa_", "shpss_"}},
	{"private-key", "make a new key pair, put its public part where the old one stands, remove that", nil},
	{"age-secret-key", "make a new age key, encrypt anew what was for the old one", []string{"AGE-SECRET-KEY-1"}},
	{"kubernetes", "change the secret in the cluster, and restart what reads it", nil},
	{"jwt", "end the session or rotate the signing key: a signed token lives until it expires", nil},
}

// general is for all other rules.
var general = family{rotate: "revoke and replace it where it was issued, then take it out of the files"}

func familyOf(rule string) family {
	for _, one := range families {
		if strings.HasPrefix(rule, one.rules) {
			return one
		}
	}
	return general
}

// shown is what may be seen of a secret: at most the beginning that all
// secrets of its kind have.
func shown(f stagedscan.Finding) string {
	for _, prefix := range familyOf(f.Rule).prefixes {
		if f.Secret.Begins(prefix) {
			return prefix + "…  " + f.Secret.String()
		}
	}
	return f.Secret.String()
}
