package vaultauth

import "time"

// appSpec is a role of the method approle (builtin/credential/approle).
type appSpec struct {
	bind bool // a secret_id is needed
	uses int64
	life time.Duration // 0 is no end
}

var approle = method{
	known: []string{"local_secret_ids"},
	read: func(role, _ *fields, t tune, s *spec) {
		s.app = appSpec{role.truthOr("bind_secret_id", true), role.whole("secret_id_num_uses"), role.seconds("secret_id_ttl", false)}
		s.from = role.blocks("secret_id_bound_cidrs")
		if legacy := role.blocks("bound_cidr_list"); len(s.from) == 0 {
			s.from = legacy
		}
		if s.app.life > t.longest {
			s.app.life = t.longest
		}
		s.token = readToken(role, t)
	},
	gates: func(says [2]spec) []gate {
		return []gate{
			gateOf("secret_id", false, [2]appSpec{says[0].app, says[1].app}, secretRule),
			addressGate(says),
		}
	},
}

// secretRule: without bind_secret_id nobody looks at a secret_id.
var secretRule = rule[appSpec, SecretID]{
	beyond: func(a, b appSpec) (SecretID, reach) {
		switch {
		case !b.bind:
			return SecretID{}, none
		case !a.bind:
			return SecretID{}, found
		case b.uses > 0 && (a.uses == 0 || a.uses > b.uses):
			return SecretID{Given: true, Use: b.uses + 1}, found
		case b.life > 0 && (a.life == 0 || a.life > b.life):
			return SecretID{Given: true, Use: 1, Age: between(b.life, a.life)}, found
		}
		return SecretID{}, none
	},
	within: func(_, _ appSpec) (SecretID, reach) { return SecretID{Given: true, Use: 1}, found },
	set:    func(l *Login, value SecretID) { l.SecretID = value },
}

// between two times, the second the longer one or 0 for no end: when what has
// the longer one still lives, and what has the shorter one does not.
func between(short, long time.Duration) time.Duration {
	if twice := 2 * short; long == 0 || twice < long && twice > short {
		return twice
	}
	return max(short, (short + (long-short)/2).Truncate(time.Second))
}
