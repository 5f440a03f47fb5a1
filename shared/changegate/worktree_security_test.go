package changegate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

var workTreeAttacks = []attack{
	{"change not committed", func(t *testing.T, w *world) { w.Write(overlay, "evil\n") }, gate.Failed, "modified: " + overlay},
	{"change staged only", func(t *testing.T, w *world) {
		w.Write(overlay, "evil\n")
		w.Git("add", ".")
		w.Git("restore", "--worktree", "--source=HEAD", overlay)
	}, gate.Failed, "staged: " + overlay},
	{"untracked manifest", func(t *testing.T, w *world) { w.Write("deploy/evil.yaml", "x") }, gate.Failed, "untracked: deploy/evil.yaml"},
	{"assume-unchanged", func(t *testing.T, w *world) {
		w.Git("update-index", "--assume-unchanged", overlay)
		w.Write(overlay, "evil\n")
	}, gate.Failed, "modified: " + overlay},
	{"skip-worktree", func(t *testing.T, w *world) {
		w.Git("update-index", "--skip-worktree", overlay)
		w.Write(overlay, "evil\n")
	}, gate.Failed, "modified: " + overlay},
	{"core.fsmonitor", func(t *testing.T, w *world) {
		w.Git("config", "core.fsmonitor", program(t, `printf 'x\0'`))
		w.Git("update-index", "--fsmonitor")
		w.Git("status")
		w.Write(overlay, "evil\n")
	}, gate.Failed, "modified: " + overlay},
	{"clean filter", func(t *testing.T, w *world) {
		w.Git("config", "filter.x.clean", "echo 'replicas: 4'")
		w.Write(".git/info/attributes", "* filter=x\n")
		w.Write(overlay, "evil\n")
	}, gate.Failed, "modified: " + overlay},
	{"mode change", func(t *testing.T, w *world) {
		w.Git("config", "core.fileMode", "false")
		os.Chmod(filepath.Join(w.Dir, overlay), 0o755)
	}, gate.Failed, "mode changed: " + overlay},
	{"line ends of the list", func(t *testing.T, w *world) {
		w.Write(".git/info/attributes", "* text eol=crlf\n")
		w.Write(DefaultSigners, gittest.Signers(w.alice)+"\r\n"+gittest.Signers(w.mallory))
	}, gate.Failed, "modified: " + DefaultSigners},
	{"dirty submodule", func(t *testing.T, w *world) {
		sub := gittest.New(t)
		sub.Write("a", "a")
		sub.Commit("sub", nil)
		w.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+sub.Dir, "lib")
		w.commit("submodule", w.alice)
		w.Git("config", "diff.ignoreSubmodules", "all")
		w.Write("lib/a", "evil")
	}, gate.Failed, "submodule: lib"},
	{"core.worktree shows a clean copy", func(t *testing.T, w *world) {
		clean := t.TempDir()
		run(t, "cp", "-r", filepath.Join(w.Dir, "deploy"), filepath.Join(w.Dir, ".clawql"), clean)
		w.Git("config", "core.worktree", clean)
		os.WriteFile(filepath.Join(w.Dir, overlay), []byte("evil\n"), 0o644)
	}, gate.CouldNotRun, "core.worktree"},
	{"HEAD moved since the plan", func(t *testing.T, w *world) {
		w.policy.Commit = w.Head()
		w.commit("other", w.alice)
	}, gate.Failed, "but the plan was made from"},
}

var environmentAttacks = []attack{
	{"GIT_DIR of a clean repository", func(t *testing.T, w *world) {
		clean := w.Clone()
		w.commit("evil", nil)
		t.Setenv("GIT_DIR", filepath.Join(clean.Dir, ".git"))
		t.Setenv("GIT_WORK_TREE", clean.Dir)
	}, gate.Failed, "carries no signature"},
	{"GIT_INDEX_FILE and GIT_OBJECT_DIRECTORY", func(t *testing.T, w *world) {
		w.Write(overlay, "evil\n")
		clean := w.Clone()
		t.Setenv("GIT_INDEX_FILE", filepath.Join(clean.Dir, ".git/index"))
		t.Setenv("GIT_OBJECT_DIRECTORY", filepath.Join(clean.Dir, ".git/objects"))
	}, gate.Failed, "modified: " + overlay},
	{"settings in the environment", func(t *testing.T, w *world) {
		w.Git("update-index", "--assume-unchanged", overlay)
		w.Write(overlay, "evil\n")
		t.Setenv("GIT_CONFIG_COUNT", "1")
		t.Setenv("GIT_CONFIG_KEY_0", "remote.origin.url")
		t.Setenv("GIT_CONFIG_VALUE_0", "file:///nowhere")
		t.Setenv("GIT_CONFIG_PARAMETERS", "'core.ignoreStat'='true'")
	}, gate.Failed, "modified: " + overlay},
	{"GIT_NAMESPACE and GIT_REPLACE_REF_BASE", func(t *testing.T, w *world) {
		good := w.Head()
		evil := w.commit("evil", nil)
		w.Git("update-ref", "refs/mine/"+evil, good)
		t.Setenv("GIT_REPLACE_REF_BASE", "refs/mine/")
		t.Setenv("GIT_NAMESPACE", "mine")
	}, gate.Failed, "carries no signature"},
	{"gpg.ssh.program that nods", func(t *testing.T, w *world) {
		w.Git("config", "gpg.ssh.program", program(t, `echo 'Good "git" signature for alice'`))
		w.Git("config", "gpg.program", program(t, "true"))
		w.commit("evil", nil)
	}, gate.Failed, "carries no signature"},
	{"aliases", func(t *testing.T, w *world) {
		for _, name := range []string{"status", "rev-parse", "cat-file", "ls-remote", "diff-index"} {
			w.Git("config", "alias."+name, "!true")
		}
		w.commit("evil", nil)
	}, gate.Failed, "carries no signature"},
}
