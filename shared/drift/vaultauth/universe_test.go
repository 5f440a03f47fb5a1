package vaultauth

import (
	"net/netip"
	"time"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
)

// login draws a point of the universe that drawn roles can tell apart.
func (d dice) login(kind string) Login {
	l := Login{Mount: kind, Type: kind, Role: roleName(kind), Address: d.address()}
	word := func() string { return d.one("a", "ab", "b", "c--d", "c-x-d", "axb", "xb", "z", "s", "zz") }
	switch kind {
	case "kubernetes":
		l.Account = Account{word(), word(), map[string]string{}}
		for _, label := range []string{"t", "u"} {
			if value := d.one("", "1", "2"); value != "" {
				l.Account.Labels[label] = value
			}
		}
		l.JWT = JWT{Issuer: d.one("i", "j", "k"), Key: d.key()}
		for _, audience := range []string{"x", "y", "w"} {
			if d.in(2) {
				l.JWT.Audiences = append(l.JWT.Audiences, audience)
			}
		}
	case "jwt":
		l.JWT = d.token1(word)
	case "approle":
		l.SecretID = SecretID{Given: !d.in(4), Use: int64(1 + d.Intn(5)), Age: time.Duration(d.Intn(20)) * time.Minute}
	case "cert":
		l.Certificate = map[string]string{"commonName": word(), "dns": word(), "unit": word()}
	case "token":
		name := d.one("p", "q", "pq", "default", "gone", "ghost", "dark", "root", "new")
		l.Creation = Creation{Policies: []string{name}, EntityAlias: d.one("", "", "e", "ex", "f", "g"), Type: d.one("", "service", "batch")}
		if d.in(2) && name != "root" {
			l.Creation.ParentPolicies = l.Creation.Policies
		}
	case "ldap":
		l.Role = d.one("", l.Role)
	}
	return l
}

func (d dice) key() string { return keyNames([]string{d.one("key one", "key two", "key three")})[0] }

func (d dice) token1(word func() string) JWT {
	j := JWT{Flow: "jwt", Key: d.key(), Algorithm: d.one("ES256", "ES384", "RS256", "PS512"), Issuer: d.one("i", "j", "k"), Subject: d.one("s", "st", "a", "b", "x")}
	j.Claims = map[string]any{"repo": word(), "/deep/ref": word(), "ok": d.in(2)}
	for _, audience := range []string{"x", "y", "z", "w"} {
		if d.in(3) {
			j.Audiences = append(j.Audiences, audience)
		}
	}
	seconds := func(values ...int64) *int64 {
		if d.in(3) {
			return nil
		}
		return &values[d.Intn(len(values))]
	}
	j.Times = Times{seconds(-5, -100, -300, -900, 45), seconds(-5, -100, 10, 50, 300), seconds(300, 100, -10, -45, -90, -900)}
	return j
}

func (d dice) address() netip.Addr {
	return netip.MustParseAddr(d.one("10.1.2.3", "10.1.2.4", "10.0.0.1", "10.2.0.1", "10.3.255.255", "10.4.0.0", "127.0.0.1", "192.0.2.1", "2001:db8::1", "2001:db9::1", "192.168.1.1"))
}

// ask draws what is asked of the token.
func (d dice) ask(kind string) Ask {
	switch d.Intn(6) {
	case 0:
		return Ask{After: time.Duration(d.Intn(9000)) * time.Second, Renewed: d.in(2)}
	case 1:
		return Ask{Use: int64(1 + d.Intn(7))}
	case 2:
		return Ask{From: d.address()}
	case 3:
		request := vaultacl.Request{Path: d.one("kv/p", "kv/q", "kv/pq/x", "kv/default", "kv/none"), Capability: vaultacl.Read}
		if request.Path == "kv/pq/x" {
			request.Capability = vaultacl.List
		}
		return Ask{Request: &request}
	case 4:
		return Ask{Orphaned: kind == "token"}
	}
	return Ask{}
}
