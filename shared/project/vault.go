package project

import (
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// Vault is where the Vault of an environment is, and as whom it is read.
type Vault struct {
	Address   string     `json:"address"`             // https://HOST[:PORT], unix:///PATH, or http:// of this machine
	Namespace string     `json:"namespace,omitempty"` // of Vault Enterprise or OpenBao
	CACert    string     `json:"caCert,omitempty"`    // PEM, or the path of a PEM file from clawql.yaml; default: the system's
	Token     VaultToken `json:"token"`
}

// VaultToken says where the token is that may read: in a variable, in a file
// that nobody else may read, or to be had by a login with a service account.
// One of the three; there is no default, so that the token of one environment
// is never shown to the Vault of another.
type VaultToken struct {
	Env        string           `json:"env,omitempty"`
	File       string           `json:"file,omitempty"` // absolute; mode 0600 or stricter
	Kubernetes *VaultKubernetes `json:"kubernetes,omitempty"`
}

// VaultKubernetes is a login with the token of a service account, as a pod has
// one.
type VaultKubernetes struct {
	Mount     string `json:"mount,omitempty"`     // of the auth method, default kubernetes
	Role      string `json:"role"`                // of that mount
	TokenFile string `json:"tokenFile,omitempty"` // absolute; default ServiceAccountToken
}

// ServiceAccountToken is where a pod finds its own token.
const ServiceAccountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"

func (v *Vault) setDefaults() {
	if v != nil && v.Token.Kubernetes != nil {
		fill(&v.Token.Kubernetes.Mount, "kubernetes")
		fill(&v.Token.Kubernetes.TokenFile, ServiceAccountToken)
	}
}

// Local says whether the address is one of this machine: a unix socket, or a
// loopback address by its number or as localhost. No name is looked up.
func (v *Vault) Local() bool {
	u, err := url.Parse(v.Address)
	return err == nil && (u.Scheme == "unix" || LoopbackHost(u.Hostname()))
}

// LoopbackHost says whether a host is a loopback address, or localhost.
func LoopbackHost(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// PEM says whether CACert holds the certificates themselves.
func (v *Vault) PEM() bool { return strings.Contains(v.CACert, "-----BEGIN ") }

var (
	vaultPathForm = form(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$`)
	vaultRoleForm = form(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*$`)
)

// checks of a Vault. What stands where the token's place, or an address, should
// be may hold a token or a password: it is not shown.
func (v *Vault) checks(at string) []check {
	if v == nil {
		return nil
	}
	const hidden = "[redacted]"
	shown := v.Address
	if strings.ContainsAny(shown, "@?#") {
		shown = hidden
	}
	token, ca := at+".token", v.CACert
	if len(ca) > 200 {
		ca = "PEM"
	}
	all := []check{
		{at + ".address", addressHolds(v.Address), shown, "https://HOST[:PORT], unix:///PATH, or http:// with a loopback address: over plain http anybody between could read the token"},
		{at + ".namespace", v.Namespace == "" || vaultPathForm().MatchString(v.Namespace), v.Namespace, "a path of namespaces without slashes at its ends, such as team/a"},
		{at + ".caCert", v.PEM() || v.CACert == "" || path.IsAbs(v.CACert) || inside(v.CACert), ca, "PEM, or the path of a PEM file: absolute, or inside the repository"},
		{at + ".caCert", v.CACert == "" || strings.HasPrefix(v.Address, "https://"), ca, "left out: only https has certificates"},
		{token, v.Token.count() == 1, hidden, "one of {env: NAME}, {file: PATH}, {kubernetes: {role: NAME}}; a token itself never stands here"},
		{token + ".env", v.Token.Env == "" || variableForm().MatchString(v.Token.Env), hidden, "the name of a variable, such as CLAWQL_VAULT_STAGING"},
		{token + ".file", v.Token.File == "" || path.IsAbs(v.Token.File), hidden, "an absolute path, such as /etc/clawql/vault/token"},
	}
	if k := v.Token.Kubernetes; k != nil {
		all = append(all,
			check{token + ".kubernetes.mount", vaultPathForm().MatchString(k.Mount), k.Mount, "the path of an auth method below auth/, such as kubernetes"},
			check{token + ".kubernetes.role", vaultRoleForm().MatchString(k.Role), k.Role, "a role of that auth method"},
			check{token + ".kubernetes.tokenFile", path.IsAbs(k.TokenFile), hidden, "an absolute path"})
	}
	return all
}

func (t VaultToken) count() (n int) {
	for _, named := range []bool{t.Env != "", t.File != "", t.Kubernetes != nil} {
		if named {
			n++
		}
	}
	return n
}

// addressHolds: nothing but a place, and no token over a wire that others read.
func addressHolds(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	switch u.Scheme {
	case "unix":
		return u.Host == "" && path.IsAbs(u.Path) && path.Clean(u.Path) == u.Path && u.Path != "/"
	case "https":
		return u.Hostname() != "" && strings.Trim(u.Path, "/") == ""
	case "http":
		return LoopbackHost(u.Hostname()) && strings.Trim(u.Path, "/") == ""
	}
	return false
}
