package main

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/urfave/cli/v2"
)

// options are the parsed flags.
type options struct {
	from, to   side
	kubeconfig string
	mapping    driftcheck.Options
	exceptions []project.DriftException
	key        string // path of the key for values of Secrets, "" for none
	trust      trust
}

func parse(c *cli.Context) (o options, err error) {
	p, err := nearest()
	if err != nil {
		return o, err
	}
	if p != nil && p.Drift != nil {
		o.exceptions = p.Drift.Exceptions
	}
	if o.from, err = parseSide("--from", c.String("from"), p); err != nil {
		return o, err
	}
	if o.to, err = parseSide("--to", c.String("to"), p); err != nil {
		return o, err
	}
	o.kubeconfig, o.key = c.String("kubeconfig"), c.String("key")
	if o.from.patience, err = patience(c); err != nil {
		return o, err
	}
	o.to.patience = o.from.patience
	o.trust = trust{unsigned: c.Bool("unsigned"), signers: c.String("allowed-signers")}
	if o.mapping.Namespaces, err = pairs("--map-namespace", c.StringSlice("map-namespace"), 1); err != nil {
		return o, err
	}
	if from, to := o.from.namespace, o.to.namespace; from != "" && to != "" && from != to && o.mapping.Namespaces[from] == "" {
		o.mapping.Namespaces[from] = to // one environment, one namespace: they stand for one another
	}
	if err := exchangeable(o.mapping.Namespaces); err != nil {
		return o, err
	}
	if o.mapping.Labels, err = labels(c.StringSlice("map-label")); err != nil {
		return o, err
	}
	o.mapping.CIDRs, err = networks(c.StringSlice("map-cidr"))
	return o, err
}

// patience is --request-timeout.
func patience(c *cli.Context) (time.Duration, error) {
	d := c.Duration("request-timeout")
	if d <= 0 {
		return 0, fault.Usage("--request-timeout %v is no time to wait; write one such as 30s", d)
	}
	return d, nil
}

// pairs reads A=B, where A and B hold signs-1 equal signs each.
func pairs(flag string, values []string, signs int) (map[string]string, error) {
	mapped := map[string]string{}
	for _, value := range values {
		parts := strings.Split(value, "=")
		if len(parts) != 2*signs {
			return nil, fault.Usage("%s %q is no pair; write A=B", flag, value)
		}
		a, b := strings.Join(parts[:signs], "="), strings.Join(parts[signs:], "=")
		if a == "" || b == "" || mapped[a] != "" && mapped[a] != b {
			return nil, fault.Usage("%s %q: a name is empty, or mapped twice", flag, value)
		}
		mapped[a] = b
	}
	return mapped, nil
}

// exchangeable says whether namespaces can be exchanged: two that become one,
// or a chain that does not come back to its first, would pass for one another.
func exchangeable(names map[string]string) error {
	back := map[string]string{}
	for _, a := range slices.Sorted(maps.Keys(names)) {
		b := names[a]
		if other, twice := back[b]; twice {
			return fault.Usage("--map-namespace: %s and %s are both mapped to %s; the two could not be told apart", other, a, b)
		}
		back[b] = a
	}
	for _, a := range slices.Sorted(maps.Keys(back)) {
		b := back[a]
		if _, goesOn := names[a]; goesOn || back[b] == "" {
			continue
		}
		return fault.Usage("--map-namespace: %s is mapped to %s, and %s to it, so that %s has no one name; say which %s of --from is", b, a, back[b], a, a)
	}
	return nil
}

// labels are keys (A=B), or keys with values (a=x=b=y).
func labels(values []string) (map[string]string, error) {
	all := map[string]string{}
	for _, value := range values {
		signs := 1
		if strings.Count(value, "=") == 3 {
			signs = 2
		}
		one, err := pairs("--map-label", []string{value}, signs)
		if err != nil {
			return nil, err
		}
		for a, b := range one {
			if all[a] != "" && all[a] != b {
				return nil, fault.Usage("--map-label %q: %s is mapped twice", value, a)
			}
			all[a] = b
		}
	}
	return all, nil
}

func networks(values []string) (map[netip.Prefix]netip.Prefix, error) {
	texts, err := pairs("--map-cidr", values, 1)
	if err != nil {
		return nil, err
	}
	mapped := map[netip.Prefix]netip.Prefix{}
	for a, b := range texts {
		from, err1 := netip.ParsePrefix(a)
		to, err2 := netip.ParsePrefix(b)
		if err1 != nil || err2 != nil {
			return nil, fault.Usage("--map-cidr %s=%s: both must be networks, such as 10.0.0.0/16", a, b)
		}
		if other, twice := mapped[from.Masked()]; twice && other != to.Masked() {
			return nil, fault.Usage("--map-cidr %s=%s: %s is mapped twice", a, b, from.Masked())
		}
		mapped[from.Masked()] = to.Masked()
	}
	return mapped, nil
}
