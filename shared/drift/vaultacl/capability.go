package vaultacl

import (
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Capability is what a rule grants. Subscribe and Recover are asked about as
// the others are; Sudo is needed beside another one for some paths.
type Capability string

// The capabilities, as policies name them.
const (
	Deny      Capability = "deny"
	Create    Capability = "create"
	Read      Capability = "read"
	Update    Capability = "update"
	Delete    Capability = "delete"
	List      Capability = "list"
	Sudo      Capability = "sudo"
	Patch     Capability = "patch"
	Subscribe Capability = "subscribe"
	Recover   Capability = "recover"
)

// granted are the capabilities that can differ, the gravest first.
var granted = []Capability{Sudo, Update, Create, Patch, Delete, Read, Recover, Subscribe, List}

// checksParameters are those whose requests have parameters to look at.
var checksParameters = map[Capability]bool{Read: true, Update: true, Create: true, Patch: true, Recover: true}

// isOperation: a request can ask for it; the others are properties of a path.
func (c Capability) isOperation() bool { return c != Sudo && c != Subscribe && c != Deny }

// capabilities is a set; nil is empty.
type capabilities map[Capability]bool

func (c capabilities) has(one Capability) bool { return c[one] }

// older are the policies of old.
var older = map[string][]Capability{
	"deny":  {Deny},
	"read":  {Read, List},
	"write": {Create, Read, Update, Delete, List},
	"sudo":  {Create, Read, Update, Delete, List, Sudo},
}

func capabilitiesOf(policy string, names []string) (capabilities, error) {
	set := capabilities{}
	if policy != "" {
		list, known := older[policy]
		if !known {
			return nil, fault.Unable("policy %q: it must be deny, read, write or sudo", policy)
		}
		if policy == "deny" {
			names = nil
		}
		for _, c := range list {
			set[c] = true
		}
	}
	for _, name := range names {
		if c := Capability(name); c != Deny && !contains(c) {
			return nil, fault.Unable("capability %q: it must be deny or one of %s", name, known())
		}
		set[Capability(name)] = true
	}
	if set[Deny] {
		return capabilities{Deny: true}, nil
	}
	return set, nil
}

func contains(c Capability) bool {
	for _, one := range granted {
		if one == c {
			return true
		}
	}
	return false
}

func known() string {
	var names []string
	for _, c := range granted {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}
