package gitrepo

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Dirty lists what differs between HEAD's commit and the work tree or the
// index, one line each, such as "modified: deploy/base/kustomization.yaml",
// sorted. Untracked files count, ignored ones do not. Nothing of the index is
// believed: not its bits (assume-unchanged, skip-worktree), not its times.
// Every file is hashed, by way of a fresh index made from HEAD, and filter
// programs do not run, save those of git-lfs in their usual form.
//
// A submodule is dirty when its HEAD, files or untracked files differ; bits in
// the submodule's own index are believed there.
func (r *Repo) Dirty(ctx context.Context) ([]string, error) {
	head, err := r.Head(ctx)
	if err != nil {
		return nil, err
	}
	staged, err := r.staged(ctx, head.ID)
	if err != nil {
		return nil, err
	}
	changed, err := r.changed(ctx, head.ID)
	if err != nil {
		return nil, err
	}
	all := append(staged, changed...)
	slices.Sort(all)
	return slices.Compact(all), nil
}

// staged compares the real index with the commit.
func (r *Repo) staged(ctx context.Context, head string) ([]string, error) {
	out, err := r.git(ctx, "diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev",
		"--no-ext-diff", "--no-textconv", "--ignore-submodules=none", head, "--")
	if err != nil {
		return nil, err
	}
	var lines []string
	fields := splitZero(out)
	for i := 0; i+1 < len(fields); i += 2 {
		lines = append(lines, "staged: "+fields[i+1])
	}
	return lines, nil
}

// changed compares the work tree with the commit through an index of its own.
func (r *Repo) changed(ctx context.Context, head string) ([]string, error) {
	dir, err := os.MkdirTemp("", "clawql-index-")
	if err != nil {
		return nil, fault.Unable("compare the work tree with HEAD: %w", err)
	}
	defer os.RemoveAll(dir)
	index := "GIT_INDEX_FILE=" + filepath.Join(dir, "index")
	if _, err := r.withIndex(ctx, index, "read-tree", head); err != nil {
		return nil, err
	}
	filters, err := r.noFilters(ctx)
	if err != nil {
		return nil, err
	}
	out, err := r.withIndex(ctx, index, append(filters, "status", "--porcelain=v2", "-z",
		"--untracked-files=all", "--ignored=no", "--ignore-submodules=none", "--no-renames")...)
	if err != nil {
		return nil, err
	}
	sparse, err := r.sparse(ctx)
	if err != nil {
		return nil, err
	}
	return readStatus(out, sparse), nil
}

func (r *Repo) withIndex(ctx context.Context, index string, args ...string) ([]byte, error) {
	c := r.local(args...)
	c.env = append(c.env, index)
	return output(ctx, c)
}

// noFilters are the settings that take its clean filters from git. A filter
// could answer with HEAD's content whatever the file holds.
func (r *Repo) noFilters(ctx context.Context) ([]string, error) {
	out, err := r.git(ctx, "config", "-z", "--get-regexp", `^filter\.`)
	if err != nil && exitCode(err) != 1 { // 1: there is none
		return nil, err
	}
	var args []string
	for _, kv := range splitZero(out) {
		key, value, _ := strings.Cut(kv, "\n")
		dot := strings.LastIndexByte(key, '.')
		switch {
		case usualLFS[key] == value && value != "":
		case strings.HasSuffix(key, ".required"):
			args = append(args, "-c", key[:dot]+".required=false")
		default:
			args = append(args, "-c", key+"=")
		}
	}
	return args, nil
}

// usualLFS is what `git lfs install` writes.
var usualLFS = map[string]string{
	"filter.lfs.clean":    "git-lfs clean -- %f",
	"filter.lfs.smudge":   "git-lfs smudge -- %f",
	"filter.lfs.process":  "git-lfs filter-process",
	"filter.lfs.required": "true",
}

// sparse are the paths that a sparse checkout leaves out. Their absence is no
// change; their presence with other content is.
func (r *Repo) sparse(ctx context.Context) (map[string]bool, error) {
	out, err := r.git(ctx, "ls-files", "-t", "-z")
	if err != nil {
		return nil, err
	}
	left := map[string]bool{}
	for _, field := range splitZero(out) {
		if name, ok := strings.CutPrefix(field, "S "); ok {
			left[name] = true
		}
	}
	return left, nil
}

// readStatus turns porcelain v2 into lines for people.
func readStatus(out []byte, sparse map[string]bool) []string {
	var lines []string
	for _, field := range splitZero(out) {
		switch kind, rest, _ := strings.Cut(field, " "); kind {
		case "?":
			lines = append(lines, "untracked: "+rest)
		case "1", "u": // "1 XY sub mH mI mW hH hI path", "u" with three more
			n := map[string]int{"1": 8, "u": 10}[kind]
			words := strings.SplitN(rest, " ", n)
			if len(words) < n {
				lines = append(lines, "unknown: "+field)
				continue
			}
			if line := describe(words, words[n-1], sparse); line != "" {
				lines = append(lines, line)
			}
		default:
			lines = append(lines, "unknown: "+field)
		}
	}
	return lines
}

func describe(words []string, name string, sparse map[string]bool) string {
	state := words[0]
	switch {
	case strings.HasPrefix(words[1], "S"):
		return "submodule: " + name
	case strings.HasSuffix(state, "D") && sparse[name]:
		return ""
	case strings.HasSuffix(state, "D"):
		return "deleted: " + name
	case strings.HasSuffix(state, "T"):
		return "type changed: " + name
	case words[3] != words[4]:
		return "mode changed: " + name
	}
	return "modified: " + name
}

func splitZero(out []byte) []string {
	text := strings.TrimSuffix(string(out), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}
