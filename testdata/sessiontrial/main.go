// Command sessiontrial tries clawql-vault-session, the real binary with the
// real Vault, as a user made for the trial (root) or as its caller:
//
//	sessiontrial leaks PRODUCT VAULT              ends sessions in every way, and searches
//	sessiontrial ttl   PRODUCT VAULT              what is left after the time, with a copied token
//	sessiontrial bench PRODUCT VAULT [RUNS]       from nothing to the first secret, beside vault server -dev
//	sessiontrial storm PRODUCT VAULT [DURATION]   50 sessions at once, ended at random
//
// It ends with exit code 1 when something was found that must not be there.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: sessiontrial leaks|ttl|bench|storm PRODUCT VAULT [RUNS|DURATION]")
		os.Exit(2)
	}
	good, err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:])
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "sessiontrial: error: %v\n", err)
		os.Exit(3)
	case !good:
		os.Exit(1)
	}
}

func run(what, product, vault string, rest []string) (good bool, err error) {
	w, err := newWorld(product, vault)
	if err != nil {
		return false, err
	}
	defer w.remove()
	switch what {
	case "leaks":
		return w.leaks()
	case "ttl":
		return w.ttl()
	case "bench":
		runs := 20
		if len(rest) > 0 {
			if runs, err = strconv.Atoi(rest[0]); err != nil {
				return false, err
			}
		}
		return w.bench(runs)
	case "storm":
		duration := 40 * time.Second
		if len(rest) > 0 {
			if duration, err = time.ParseDuration(rest[0]); err != nil {
				return false, err
			}
		}
		return w.storm(duration)
	}
	return false, fmt.Errorf("unknown trial %q", what)
}
