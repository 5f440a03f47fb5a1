package house

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// depguard writes the floors as rules for golangci-lint's depguard, so that
// editors know them too. In list-mode lax a longer allow beats a shorter deny.
func depguard() string {
	var b strings.Builder
	for _, at := range []floor{base, pure, engine} {
		rule(&b, at.String(), componentsOn(at), below(at, ""), denyFor(at))
	}
	for _, at := range []floor{adapters, gates} {
		for _, component := range componentsOn(at) {
			rule(&b, component, []string{component}, below(at, component), denyFor(at))
		}
	}
	for _, one := range linkRules {
		fmt.Fprintf(&b, "        link-%s:\n          list-mode: lax\n          files: [\"**/plugins/%s/**\"]\n", one.binary, one.binary)
		denyList(&b, one.banned, one.why)
		if len(one.except) > 0 {
			fmt.Fprintf(&b, "          allow: [%s]\n", strings.Join(one.except, ", "))
		}
	}
	return b.String()
}

func rule(b *strings.Builder, name string, files, allow []string, deny [][2]string) {
	fmt.Fprintf(b, "        %s:\n          list-mode: lax\n          files:\n", name)
	for _, component := range files {
		fmt.Fprintf(b, "            - \"**/shared/%s/**\"\n", component)
	}
	b.WriteString("            - \"!$test\"\n          allow:\n")
	for _, component := range allow {
		fmt.Fprintf(b, "            - %s/shared/%s\n", module, component)
	}
	if slices.Contains(files, "canary") {
		for _, exception := range pureExceptions {
			fmt.Fprintf(b, "            - %s\n", exception)
		}
	}
	b.WriteString("          deny:\n")
	for _, one := range deny {
		fmt.Fprintf(b, "            - {pkg: %s, desc: %q}\n", one[0], one[1])
	}
}

func denyList(b *strings.Builder, banned []string, why string) {
	b.WriteString("          deny:\n")
	for _, one := range banned {
		fmt.Fprintf(b, "            - {pkg: %s, desc: %q}\n", one, why)
	}
}

// denyFor: the rest of the house, and for pure packages what does I/O.
func denyFor(at floor) [][2]string {
	deny := [][2]string{
		{module + "/shared", "imports go down only, see shared/house/floors.go"},
		{module + "/plugins", "nobody imports the plugins"},
	}
	if at != pure {
		return deny
	}
	for _, one := range slices.Concat(pureBans, pureNever) {
		deny = append(deny, [2]string{one, "a pure package does no I/O"})
	}
	return deny
}

// below are the components that a package on a floor may import: the lower
// floors, its own where that is open, and itself.
func below(at floor, self string) []string {
	var allowed []string
	for name, its := range floors {
		if its < at || (its == at && at.open()) || name == self {
			allowed = append(allowed, name)
		}
	}
	sort.Strings(allowed)
	return allowed
}

func componentsOn(at floor) []string {
	var names []string
	for name, its := range floors {
		if its == at {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
