package vaultauth

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// forever is a life without an end.
const forever = time.Duration(math.MaxInt64)

// shipped is the longest life, and the life where nothing is said, of a Vault
// that was not told otherwise (vault/core.go); it stands where a mount's tune
// does not say them.
const shipped = 32 * 24 * time.Hour

// tune is what a mount decides of all its tokens.
type tune struct {
	usual, longest time.Duration
	kind           string
}

func readTune(f *fields) tune {
	t := tune{f.seconds("default_lease_ttl", false), f.seconds("max_lease_ttl", false), f.text("token_type")}
	if t.longest == 0 {
		t.longest = shipped
	}
	if t.usual == 0 {
		t.usual = shipped
	}
	return t
}

// token is what a login gives.
type token struct {
	policies []string // sorted
	refused  string   // why Vault gives none, empty where it does
	forms    []form   // one, or those that the creating token may choose from
	from     []netip.Prefix
	// What the role itself says, as text: a difference of the rest comes from
	// the mount.
	ownPolicies, ownLife string
}

// form is a type of token, with what comes with it.
type form struct {
	batch   bool
	plain   time.Duration // it lives so long without being renewed
	renewed time.Duration // and so long with it
	uses    int64         // 0 is no limit
}

// terms are the times a role sets; 0 is not set.
type terms struct{ ttl, longest, explicit, period time.Duration }

// readToken reads the token_ fields, or their older names where those say
// nothing.
func readToken(f *fields, t tune) token {
	life := terms{older(f, "ttl"), older(f, "max_ttl"), f.seconds("token_explicit_max_ttl", false), older(f, "period")}
	kind := f.text("token_type")
	one := form{batch: batch(t.kind, kind), uses: f.whole("token_num_uses")}
	if legacy := f.whole("num_uses"); one.uses == 0 {
		one.uses = legacy
	}
	k := token{from: f.blocks("token_bound_cidrs")}
	if legacy := f.blocks("bound_cidrs"); len(k.from) == 0 {
		k.from = legacy
	}
	k.ownLife = fmt.Sprint(life, kind, one.uses, k.from)
	one.live(life, t)
	k.forms = []form{one}
	k.grant(olderList(f, "policies"), !f.truth("token_no_default_policy"))
	k.ownPolicies = strings.Join(k.policies, ",")
	return k
}

func older(f *fields, name string) time.Duration {
	legacy := f.seconds(name, false)
	if now := f.seconds("token_"+name, false); now > 0 {
		return now
	}
	return legacy
}

func olderList(f *fields, name string) []string {
	legacy := f.list(name)
	if now := f.list("token_" + name); len(now) > 0 {
		return now
	}
	return legacy
}

// batch says which type a mount and a role come to (vault/router.go).
func batch(mount, role string) bool {
	switch mount {
	case "service", "batch":
		return mount == "batch"
	case "default-batch":
		return role != "service" && role != "default-service"
	}
	return role == "batch" || role == "default-batch"
}

// live is how long the token lives (sdk/framework/lease.go).
func (k *form) live(t terms, mount tune) {
	longest := shorter(shorter(mount.longest, t.longest), t.explicit)
	k.plain = t.ttl
	if k.plain == 0 {
		k.plain = mount.usual
	}
	k.plain, k.renewed = shorter(k.plain, longest), longest
	if t.period > 0 {
		k.plain, k.renewed = shorter(t.period, longest), forever
		if t.explicit > 0 {
			k.plain, k.renewed = shorter(k.plain, t.explicit), t.explicit
		}
	}
	if k.batch { // it cannot be renewed, and is stored nowhere, so nobody counts its uses
		k.renewed, k.uses = k.plain, 0
	}
}

// shorter of two times, where 0 is not set.
func shorter(a, b time.Duration) time.Duration {
	if b > 0 && b < a {
		return b
	}
	return a
}

// unassignable policies are Vault's own; a login that would give one fails, and
// so does one that would give root.
var unassignable = []string{"root", "response-wrapping", "control-group"}

// grant sets the policies as Vault does: lower case, each once, root alone.
func (k *token) grant(names []string, withDefault bool) {
	k.policies = sanitized(names)
	if withDefault && !slices.Contains(k.policies, "default") {
		k.policies = append(k.policies, "default")
		slices.Sort(k.policies)
	}
	for _, name := range k.policies {
		if slices.Contains(unassignable, name) {
			k.refused = "Vault refuses a login that would give policy " + name
			return
		}
	}
}

func sanitized(names []string) []string {
	var list []string
	for _, name := range names {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
