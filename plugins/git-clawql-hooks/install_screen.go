package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/hookinstall"
	"github.com/clawql/clawql-workbench/shared/output"
)

// showPlan prints what will be done, before anything is.
func showPlan(w io.Writer, site *hookinstall.Site, plan *hookinstall.Plan, verb string, dry bool) error {
	fmt.Fprintln(w, console.Clean(headline(site)))
	if len(plan.Changes) == 0 {
		_, err := fmt.Fprintf(w, "nothing to %s\n", verb)
		return err
	}
	rows, ours := output.Rows{Indent: 2}, 0
	var settings []string
	for _, line := range plan.Lines() {
		if strings.HasPrefix(line.Path, site.State+string(filepath.Separator)) {
			ours++
			continue
		}
		rows.Add(console.Clean(short(site, line.Path)), console.Clean(line.Before), "->  "+console.Clean(line.After))
		settings = append(append(settings, marked("-", line.Removed)...), marked("+", line.Added)...)
	}
	if n := console.Count(ours, "file"); ours > 0 && verb == "install" {
		rows.Add(console.Clean(short(site, site.State))+"/", "", "->  "+n)
	} else if ours > 0 {
		rows.Add(console.Clean(short(site, site.State))+"/", n, "->  -")
	}
	if err := rows.Write(w); err != nil {
		return err
	}
	var b strings.Builder
	for _, one := range settings {
		b.WriteString(one + "\n")
	}
	for _, one := range plan.Notes {
		paragraph(&b, "", shorten(site, one))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	if dry {
		fmt.Fprintln(w, "dry run: nothing was changed")
	}
	return nil
}

// marked are the lines of a configuration that come or go.
func marked(sign string, lines []string) []string {
	var all []string
	for _, line := range lines {
		bare := strings.TrimLeft(line, "\t")
		all = append(all, "  "+sign+" "+strings.Repeat("  ", len(line)-len(bare))+console.Clean(bare))
	}
	return all
}

func headline(site *hookinstall.Site) string {
	if site.Global {
		return fmt.Sprintf("all repositories of this user · git %s · %s", site.GitVersion, short(site, site.Config))
	}
	place := "core.hooksPath is not set"
	for _, one := range site.Settings {
		place = fmt.Sprintf("core.hooksPath %s (%s)", one.Value, one.Scope)
	}
	name := site.Top
	if name == "" {
		name = site.Common
	}
	return fmt.Sprintf("%s · git %s · %s", filepath.Base(name), site.GitVersion, place)
}

// showDone says what holds now.
func showDone(w io.Writer, site *hookinstall.Site, plan *hookinstall.Plan, verb string) error {
	if len(plan.Changes) == 0 {
		return nil
	}
	line := "uninstalled: every hook is where it was"
	if verb == "install" {
		line = "installed: " + strings.Join(hookinstall.Events, ", ")
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// short is a path as a person reads it: from the work tree, or from home.
func short(site *hookinstall.Site, path string) string {
	if rel, err := filepath.Rel(site.Top, path); err == nil && site.Top != "" && !strings.HasPrefix(rel, "..") {
		return rel
	}
	home, err := os.UserHomeDir()
	if rest, ok := strings.CutPrefix(path, home+"/"); err == nil && ok {
		return "~/" + rest
	}
	return path
}
