package vaultauth

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// details are a login and what is asked of its token, for a machine. What is
// not there was not set; claims are JSON, times of a JWT seconds after the
// login.
func details(l Login, q Ask) map[string]string {
	d := map[string]string{"mount": l.Mount, "type": l.Type, "role": l.Role}
	if l.Address.IsValid() {
		d["address"] = l.Address.String()
	}
	switch l.Type {
	case "kubernetes":
		d["serviceAccount"], d["namespace"] = l.Account.Name, l.Account.Namespace
		d["namespaceLabels"] = pairs(l.Account.Labels)
		l.JWT.details(d)
	case "jwt":
		l.JWT.details(d)
	case "approle":
		l.SecretID.details(d)
	case "token":
		d["parentPolicies"], d["policies"] = strings.Join(l.Creation.ParentPolicies, ","), strings.Join(l.Creation.Policies, ",")
		d["tokenType"], d["entityAlias"] = l.Creation.Type, l.Creation.EntityAlias
	}
	for part, name := range l.Certificate {
		d["certificate "+part] = name
	}
	q.details(d)
	maps.DeleteFunc(d, func(name, value string) bool { return value == "" && name != "role" })
	return d
}

func pairs(set map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		list = append(list, key+"="+set[key])
	}
	return strings.Join(list, ",")
}

func (j JWT) details(d map[string]string) {
	d["flow"], d["key"], d["algorithm"] = j.Flow, j.Key, j.Algorithm
	d["issuer"], d["subject"], d["audiences"] = j.Issuer, j.Subject, strings.Join(j.Audiences, ",")
	if len(j.Claims) > 0 {
		if text, err := json.Marshal(j.Claims); err == nil {
			d["claims"] = string(text)
		}
	}
	for name, seconds := range map[string]*int64{"issued": j.Times.Issued, "notBefore": j.Times.NotBefore, "expires": j.Times.Expires} {
		if seconds != nil {
			d[name] = strconv.FormatInt(*seconds, 10)
		}
	}
}

func (s SecretID) details(d map[string]string) {
	d["secretID"] = strconv.FormatBool(s.Given)
	if s.Given && s.Use > 1 {
		d["secretIDUse"] = strconv.FormatInt(s.Use, 10)
	}
	if s.Given && s.Age > 0 {
		d["secretIDAge"] = s.Age.String()
	}
}

func (a Ask) details(d map[string]string) {
	switch {
	case a.Request != nil:
		d["request"], d["path"], d["capability"] = a.Request.String(), a.Request.Path, string(a.Request.Capability)
		for name, value := range a.Request.Data {
			d["parameter "+name] = value
		}
		if a.Request.Wrap > 0 {
			d["wrapTTL"] = a.Request.Wrap.String()
		}
	case a.After > 0:
		d["after"], d["renewed"] = a.After.String(), strconv.FormatBool(a.Renewed)
	case a.Use > 0:
		d["use"] = strconv.FormatInt(a.Use, 10)
	case a.From.IsValid():
		d["usedFrom"] = a.From.String()
	case a.Orphaned:
		d["orphaned"] = "true"
	}
}
