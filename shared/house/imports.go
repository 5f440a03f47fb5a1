package house

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// importViolations lists what the graph breaks, one sentence each.
func importViolations(g graph) []string {
	var all []string
	for _, one := range g.own() {
		all = append(all, placeViolations(one)...)
		for _, imported := range one.Imports {
			all = append(all, edgeViolations(one.ImportPath, imported)...)
		}
		if at, _ := floorOf(one.ImportPath); at == pure {
			all = append(all, pureViolations(g, one)...)
		}
		if one.Name == "main" {
			all = append(all, linkViolations(g, one)...)
		}
	}
	return all
}

// placeViolations are about where a package lies and what it is called.
func placeViolations(one *pkg) []string {
	short := strings.TrimPrefix(one.ImportPath, module+"/")
	at, _ := floorOf(one.ImportPath)
	var all []string
	switch {
	case short == "shared" || short == "plugins":
		all = append(all, fmt.Sprintf("%s holds Go files; a package there has a folder with a name", short))
	case at == 0 && strings.HasPrefix(short, "shared/"):
		all = append(all, fmt.Sprintf("%s has no floor: enter it in shared/house/floors.go and .golangci.yml", short))
	}
	if slices.Contains(bannedNames, path.Base(short)) && short != "shared" || slices.Contains(bannedNames, one.Name) {
		all = append(all, fmt.Sprintf("%s (package %s): name a package for what it holds", short, one.Name))
	}
	return all
}

// edgeViolations judge one import of a package of this module.
func edgeViolations(from, to string) []string {
	if isTestSupport(from) {
		return nil
	}
	if under(to, testCode) || isTestSupport(to) {
		return []string{fmt.Sprintf("%s imports %s: a product links no test code", from, to)}
	}
	fromFloor, fromComponent := floorOf(from)
	if under(to, []string{gitleaks}) && fromComponent != "shared/secretscan" {
		return []string{fmt.Sprintf("%s imports %s: only shared/secretscan may", fromComponent, to)}
	}
	if !under(to, []string{module}) {
		return nil
	}
	toFloor, toComponent := floorOf(to)
	if fromComponent == toComponent {
		return nil
	}
	var all []string
	switch {
	case toFloor == plugins || toFloor == tooling:
		all = append(all, fmt.Sprintf("%s imports %s: nobody imports the %s", fromComponent, toComponent, toFloor))
	case toFloor > fromFloor:
		all = append(all, fmt.Sprintf("%s (%s) imports %s (%s): imports go down only", fromComponent, fromFloor, toComponent, toFloor))
	case toFloor == fromFloor && !fromFloor.open():
		all = append(all, fmt.Sprintf("%s imports %s: %s never import one another", fromComponent, toComponent, fromFloor))
	}
	if only, ok := onlyFrom[to]; ok && !strings.HasPrefix(fromComponent, only) {
		all = append(all, fmt.Sprintf("%s imports %s: only %s* may", fromComponent, toComponent, only))
	}
	return all
}

// pureViolations find I/O in a pure package: named directly, or a client that
// is reached through other packages.
func pureViolations(g graph, one *pkg) []string {
	var all []string
	for _, imported := range one.Imports {
		if under(imported, pureBans) && !under(imported, pureExceptions) {
			all = append(all, fmt.Sprintf("%s is pure and imports %s", one.ImportPath, imported))
		}
	}
	if chain := g.chainTo(one.ImportPath, func(p string) bool { return under(p, pureNever) }); chain != nil {
		all = append(all, fmt.Sprintf("%s is pure and reaches %s", one.ImportPath, strings.Join(chain[1:], " -> ")))
	}
	return all
}

// linkViolations find what a binary must not link, and say through whom.
func linkViolations(g graph, main *pkg) []string {
	var all []string
	for _, rule := range linkRules {
		if rule.binary != path.Base(main.ImportPath) {
			continue
		}
		chain := g.chainTo(main.ImportPath, func(p string) bool { return under(p, rule.banned) && !under(p, rule.except) })
		if chain != nil {
			all = append(all, fmt.Sprintf("%s (%s)", strings.Join(chain, " -> "), rule.why))
		}
	}
	return all
}
