package vaultauth

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

var blocksOfKeys = regexp.MustCompile(`(?s)-----BEGIN.*-----END [A-Z ]+-----`)

// real is a drawn side as a real Vault has it: written, and read again.
type real struct {
	*server
	keys    *keyring
	cluster *cluster
	kind    string
	mount   string // its path on the server
	role    string
	side    Side // as it was read, under the path and name of the drawn one
	roleID  string
}

// untuned is what a mount has that was not told otherwise.
var untuned = table{"default_lease_ttl": 2764800, "max_lease_ttl": 2764800, "token_type": "default-service"}

// write a drawn side; nil where Vault refuses it. Sides of one number share
// their mounts, one after another.
func (s *server) write(one drawn, keys *keyring, k *cluster, number int) *real {
	s.roles++
	r := &real{server: s, keys: keys, cluster: k, kind: one.kind, mount: fmt.Sprintf("%s-%d", one.kind, number), role: fmt.Sprintf("r%d", s.roles)}
	config := keys.known(one.config)
	if one.tune == nil {
		one.tune = untuned
	}
	switch one.kind {
	case "token":
		r.mount, one.tune = "token", nil
	case "kubernetes":
		config = with(config, "kubernetes_host", k.server.URL, "kubernetes_ca_cert", k.authority(), "disable_local_ca_jwt", true, "token_reviewer_jwt", "reviewer")
	}
	if one.kind != "token" && !s.mounts[r.mount] {
		s.mounts[r.mount] = true
		s.must("POST", "sys/auth/"+r.mount, table{"type": one.kind}, nil)
	}
	for _, part := range []struct {
		path string
		body table
	}{{"sys/auth/" + r.mount + "/tune", one.tune}, {"auth/" + r.mount + "/config", config}, {r.rolePath(), with(one.role, r.secret()...)}} {
		if part.body == nil {
			continue
		}
		if status, _ := s.call(s.root, "", "POST", part.path, part.body, nil); status >= 300 {
			return nil
		}
	}
	r.read(one)
	return r
}

func (r *real) secret() []any {
	switch r.kind {
	case "userpass":
		return []any{"password", "right"}
	case "cert":
		return []any{"certificate", r.text}
	}
	return nil
}

func (r *real) rolePath() string {
	folder := map[string]string{"token": "roles", "userpass": "users", "cert": "certs"}[r.kind]
	if folder == "" {
		folder = "role"
	}
	return "auth/" + r.mount + "/" + folder + "/" + r.role
}

// read the side as an operator would.
func (r *real) read(one drawn) {
	m := Mount{Path: one.kind, Type: one.kind, Tune: r.data("sys/auth/" + r.mount + "/tune")}
	if one.config != nil {
		m.Config = r.data("auth/" + r.mount + "/config")
	}
	role := r.data(r.rolePath())
	delete(role, "name") // of a token role: the two sides are on one server
	r.side = Side{Mounts: []Mount{m}, Roles: []Role{{Mount: one.kind, Name: "r", Fields: role}}, Policies: drawnPolicies}
	if r.kind == "approle" {
		r.roleID = r.data(r.rolePath() + "/role-id")["role_id"].(string)
	}
}

func (r *real) remove() {
	if _, err := r.call(r.root, "", "DELETE", r.rolePath(), nil, nil); err != nil {
		r.t.Fatal(err)
	}
}

// known puts real keys in place of the drawn names.
func (k *keyring) known(config table) table {
	if config == nil {
		return nil
	}
	made := with(config)
	for _, name := range []string{"jwt_validation_pubkeys", "pem_keys"} {
		list, _ := config[name].([]any)
		var texts []string
		for _, one := range list {
			some := k.texts[one.(string)]
			if name == "pem_keys" {
				some = some[:1] // Kubernetes' own are RSA and ECDSA
			}
			texts = append(texts, some...)
		}
		if texts != nil {
			made[name] = texts
		}
	}
	return made
}

// given is what a login gives.
type given struct {
	Token    string   `json:"client_token"`
	Policies []string `json:"token_policies"`
	Seconds  int64    `json:"lease_duration"`
	Type     string   `json:"token_type"`
	parent   string   // that created it
	client   *http.Client
	base     string // of the address that the client speaks to
}

// login for real; false where Vault refuses it. The second is false where there
// is no way to ask.
func (r *real) login(l Login, ways []signing) (g *given, allowed, askable bool) {
	body, path, token := table{"role": r.role}, "auth/"+r.mount+"/login", ""
	switch r.kind {
	case "kubernetes", "jwt":
		text := ""
		if text, askable = r.jwt(l, ways); !askable {
			return nil, false, false
		}
		body["jwt"] = text
	case "approle":
		id, ready := r.secretID(l.SecretID)
		if !ready {
			return nil, false, true // its time is over, or was used up
		}
		body = table{"role_id": r.roleID, "secret_id": id}
	case "cert":
		body = table{"name": r.role}
	case "userpass":
		path, body = "auth/"+r.mount+"/login/"+r.role, table{"password": "right"}
	case "token":
		path, token, body = "auth/token/create/"+r.role, r.parent(l.Creation), creationBody(l.Creation)
	}
	from := elsewhere
	if l.Address.IsValid() {
		from = l.Address.String()
	}
	var answer struct {
		Auth *given `json:"auth"`
	}
	client, base := http.DefaultClient, "http://"+r.address
	if r.kind == "cert" {
		client, base = r.client(l.Certificate), "https://"+r.secure
	}
	status, err := r.send(client, base, token, from, "POST", path, body, &answer)
	if err != nil {
		// approle answers 500 where addresses do not fit the secret_id's
		return nil, false, status != 0
	}
	if status != http.StatusOK || answer.Auth == nil {
		return nil, false, true
	}
	answer.Auth.parent, answer.Auth.client, answer.Auth.base = token, client, base
	return answer.Auth, true, true
}

func creationBody(c Creation) table {
	body := table{"ttl": "80000h"}
	if len(c.Policies) > 0 {
		body["policies"] = c.Policies
		body["no_default_policy"] = !slices.Contains(c.Policies, "default")
	}
	if c.Type != "" {
		body["type"] = c.Type
	}
	if c.EntityAlias != "" {
		body["entity_alias"] = c.EntityAlias
	}
	return body
}

// parent is a token that may create others, and has these policies beside.
func (r *real) parent(c Creation) string {
	var made struct {
		Auth given `json:"auth"`
	}
	r.must("POST", "auth/token/create", table{"policies": append([]string{"maker"}, c.ParentPolicies...), "no_default_policy": !slices.Contains(c.ParentPolicies, "default")}, &made)
	return made.Auth.Token
}

// secretID makes one, and uses it up to the use before this login's; false
// where it is not taken so often, or does not live so long (nobody waits: its
// life is what Vault says when it makes it).
func (r *real) secretID(id SecretID) (string, bool) {
	if !id.Given {
		return "", true
	}
	var made struct {
		Data struct {
			ID   string `json:"secret_id"`
			Life int64  `json:"secret_id_ttl"`
		} `json:"data"`
	}
	path := r.rolePath() + "/secret-id"
	if status, _ := r.call(r.root, "", "POST", path, table{}, &made); status != http.StatusOK {
		return "unneeded", true // of a role without bind_secret_id
	}
	if id.Age > 0 && made.Data.Life > 0 && id.Age >= time.Duration(made.Data.Life)*time.Second {
		return "", false
	}
	for range id.Use - 1 {
		if _, err := r.call("", r.anAddress(), "POST", "auth/"+r.mount+"/login", table{"role_id": r.roleID, "secret_id": made.Data.ID}, nil); err != nil {
			return "", false
		}
	}
	return made.Data.ID, true
}

// anAddress that the role takes.
func (r *real) anAddress() string {
	s := r.spec()
	address, _ := addressIn(s.from, nil)
	if !address.IsValid() {
		return elsewhere
	}
	return address.String()
}

func (r *real) spec() spec {
	s, err := readSpec(&r.side.Mounts[0], &r.side.Roles[0])
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// jwt signs the token of a login, in one of these ways where it names none;
// false where no key can.
func (r *real) jwt(l Login, ways []signing) (string, bool) {
	j := l.JWT
	if j.Key == "another key of the cluster" {
		j.Key = keyNames(r.keys.texts["key three"][:1])[0]
	}
	if j.Key == "" {
		ways = append(slices.Clone(ways), signing{keyNames(r.keys.texts["key one"][:1])[0], "ES256"})
	} else {
		ways = nil
		for _, algorithm := range append([]string{"ES256"}, algorithms...) {
			ways = append(ways, signing{j.Key, algorithm})
		}
	}
	for _, way := range ways {
		if signer := r.keys.signers[way.key]; signer != nil && fits(signer, way.algorithm) && (j.Algorithm == "" || j.Algorithm == way.algorithm) {
			return signed(r.t, signer, way.algorithm, r.claims(l)), true
		}
	}
	return "", false
}

func (r *real) claims(l Login) table {
	j, now := l.JWT, time.Now().Unix()
	claims := table{"iss": j.Issuer, "sub": j.Subject}
	if len(j.Audiences) > 0 {
		claims["aud"] = j.Audiences
	}
	for name, seconds := range map[string]*int64{"iat": j.Times.Issued, "nbf": j.Times.NotBefore, "exp": j.Times.Expires} {
		if seconds != nil {
			claims[name] = now + *seconds
		}
	}
	for name, value := range j.Claims {
		if inner, deep := strings.CutPrefix(name, "/deep/"); deep {
			claims["deep"] = table{inner: value}
		} else {
			claims[name] = value
		}
	}
	if r.kind == "kubernetes" {
		claims["kubernetes.io"] = table{"namespace": l.Account.Namespace, "serviceaccount": table{"name": l.Account.Name, "uid": "u-" + l.Account.Name}}
		claims["aud"] = append([]string{"cluster"}, j.Audiences...)
		r.cluster.label(l.Account.Namespace, l.Account.Labels)
	} else if j.Subject == "" {
		claims["sub"] = "somebody"
	}
	return claims
}

func (r *real) String() string {
	text := fmt.Sprintf("%s %v tune %v role %v", r.kind, r.side.Mounts[0].Config, r.side.Mounts[0].Tune, r.side.Roles[0].Fields)
	return blocksOfKeys.ReplaceAllString(text, "(key)")
}
