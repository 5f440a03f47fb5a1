package vaultauth

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
)

// Login is one attempt to log in. Of what this package cannot judge (that a
// password is right, that a certificate is trusted, that the cluster knows a
// service account) it is presumed to be in order.
type Login struct {
	// Mount, Type and Role are what it turns to: Type of the mount's method (jwt
	// for oidc too), Role as Role.Name.
	Mount, Type, Role string
	// Address it comes from.
	Address netip.Addr
	// Account is a service account (kubernetes).
	Account Account
	// JWT is what the token says (kubernetes, jwt, oidc).
	JWT JWT
	// SecretID is that of an AppRole login.
	SecretID SecretID
	// Certificate is the client's: commonName, dns, email, uri, unit and
	// organization.
	Certificate map[string]string
	// Creation is what is asked for where the "login" is the creation of a
	// token by a token role.
	Creation Creation
}

// Account is a service account with its namespace and that one's labels.
type Account struct {
	Name, Namespace string
	Labels          map[string]string
}

// JWT is a token that a role looks at. Times are relative to the login; one
// that is not set is not in the token.
type JWT struct {
	Flow      string // "jwt", or "oidc" for a login in a browser
	Key       string // what it is signed with, as the mount's configuration says it
	Algorithm string
	Issuer    string
	Subject   string
	Audiences []string
	Claims    map[string]any // string, bool or json.Number by the name the role has for it
	Times     Times
}

// Times of a JWT, as seconds after the login. nil is not in it.
type Times struct{ Issued, NotBefore, Expires *int64 }

// SecretID of an AppRole: whether one is given, how often it was used with
// this login, and how old it is.
type SecretID struct {
	Given bool
	Use   int64
	Age   time.Duration
}

// Creation of a token by a token role. The creating token is not root, has no
// sudo, and has ParentPolicies.
type Creation struct {
	ParentPolicies []string
	// Type asked for, "" for what the role gives; batch or service.
	Type string
	// Policies asked for; none where it is empty.
	Policies    []string
	EntityAlias string
}

// Ask is what is asked of the token that a login gives. Only one of its fields
// is set, or none: then the login alone counts.
type Ask struct {
	// Request of Vault.
	Request *vaultacl.Request
	// After this time the token still lives; with Renewed it was renewed
	// whenever it could be.
	After   time.Duration
	Renewed bool
	// Use is the how manieth use of the token.
	Use int64
	// From is an address the token is used from.
	From netip.Addr
	// Orphaned: the creating token was revoked.
	Orphaned bool
}

// Answer says whether a login, and what is asked of its token, is allowed, and
// why.
type Answer struct {
	Allowed bool
	Why     string
}

// String is the login and the question in one line.
func (l Login) String() string {
	text := l.who() + " at " + l.Type + " role " + l.Mount + "/" + l.Role
	if l.Role == "" {
		text = l.who() + " at " + l.Type + " mount " + l.Mount
	}
	if l.Address.IsValid() {
		text += " from " + l.Address.String()
	}
	return text
}

func (l Login) who() string {
	switch l.Type {
	case "kubernetes":
		return "service account " + l.Account.Namespace + "/" + l.Account.Name + labels(l.Account.Labels) + l.JWT.says() + " logs in"
	case "jwt":
		return "a JWT" + l.JWT.says() + " logs in"
	case "approle":
		return l.SecretID.says() + " logs in"
	case "cert":
		return "a client certificate" + certificate(l.Certificate) + " logs in"
	case "token":
		return l.Creation.says()
	case "userpass", "ldap":
		return "whoever has the password logs in"
	}
	return "whoever meets the method's own conditions logs in"
}

func labels(set map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		list = append(list, key+"="+set[key])
	}
	if len(list) == 0 {
		return ""
	}
	return " (namespace labelled " + strings.Join(list, ",") + ")"
}

// says what is out of the ordinary.
func (j JWT) says() string {
	var list []string
	add := func(name, value string) {
		if value != "" {
			list = append(list, name+" "+value)
		}
	}
	add("of subject", j.Subject)
	add("of audience", strings.Join(j.Audiences, ","))
	add("of issuer", j.Issuer)
	add("signed by", j.Key)
	add("signed with", j.Algorithm)
	for _, name := range slices.Sorted(maps.Keys(j.Claims)) {
		add("with", fmt.Sprintf("%s=%v", name, j.Claims[name]))
	}
	if text := j.Times.says(); text != "" {
		list = append(list, text)
	}
	if j.Flow == "oidc" {
		list = append(list, "by OIDC in a browser")
	}
	if len(list) == 0 {
		return ""
	}
	return " " + strings.Join(list, ", ")
}

func (t Times) says() string {
	switch {
	case t.Expires != nil && *t.Expires < 0:
		return fmt.Sprintf("that expired %d s ago", -*t.Expires)
	case t.Expires == nil && t.Issued != nil:
		return fmt.Sprintf("without an end, issued %d s ago", -*t.Issued)
	case t.Issued == nil && t.NotBefore == nil && t.Expires != nil:
		return fmt.Sprintf("without a beginning, that expires in %d s", *t.Expires)
	}
	return ""
}

func (s SecretID) says() string {
	switch {
	case !s.Given:
		return "the role_id alone, without a secret_id,"
	case s.Use > 1:
		return fmt.Sprintf("a secret_id, for the %s time,", nth(s.Use))
	case s.Age > 0:
		return fmt.Sprintf("a secret_id that is %s old", s.Age)
	}
	return "a secret_id"
}

func nth(n int64) string {
	switch {
	case n%10 == 1 && n%100 != 11:
		return fmt.Sprintf("%dst", n)
	case n%10 == 2 && n%100 != 12:
		return fmt.Sprintf("%dnd", n)
	case n%10 == 3 && n%100 != 13:
		return fmt.Sprintf("%drd", n)
	}
	return fmt.Sprintf("%dth", n)
}

func certificate(names map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(names)) {
		list = append(list, key+"="+names[key])
	}
	if len(list) == 0 {
		return ""
	}
	return " with " + strings.Join(list, ", ")
}

func (c Creation) says() string {
	text := "a token"
	if len(c.ParentPolicies) > 0 {
		text += " that has policy " + strings.Join(c.ParentPolicies, ", ")
	}
	text += " creates a token"
	if len(c.Policies) > 0 {
		text += " of policy " + strings.Join(c.Policies, ", ")
	}
	if c.EntityAlias != "" {
		text += " for the entity alias " + c.EntityAlias
	}
	return text
}

// String is empty where only the login counts.
func (a Ask) String() string {
	switch {
	case a.Request != nil:
		return "and may then " + a.Request.String()
	case a.After > 0 && a.Renewed:
		return fmt.Sprintf("and the token, renewed in time, still lives after %s", a.After)
	case a.After > 0:
		return fmt.Sprintf("and the token, never renewed, still lives after %s", a.After)
	case a.Use > 0:
		return fmt.Sprintf("and the token works for the %s time", nth(a.Use))
	case a.From.IsValid():
		return "and the token works from " + a.From.String()
	case a.Orphaned:
		return "and the token lives on when the creating one is revoked"
	}
	return ""
}

// cloned has maps of its own.
func (l Login) cloned() Login {
	l.Certificate, l.JWT.Claims = maps.Clone(l.Certificate), maps.Clone(l.JWT.Claims)
	return l
}
