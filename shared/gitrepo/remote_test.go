package gitrepo

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

func TestRemoteTip(t *testing.T) {
	g := gittest.New(t)
	id := g.Commit("one", nil)
	g.Bare()
	g.Git("push", "-q", "origin", "HEAD:refs/heads/x/refs/heads/main") // ends alike, sorts behind
	g.Git("push", "-q", "origin", "HEAD:refs/tags/side")
	local := g.Commit("two", nil)
	g.Git("update-ref", "refs/remotes/origin/main", local) // what this clone claims
	r := open(t, g.Dir)
	for branch, want := range map[string]string{"main": id, "none": "", "side": "", "ain": ""} {
		if tip, err := r.RemoteTip(t.Context(), "origin", branch); err != nil || tip != want {
			t.Errorf("%s: tip %q, %v; want %q", branch, tip, err, want)
		}
	}
	if names, err := r.Remotes(t.Context()); err != nil || len(names) != 1 || names[0] != "origin" {
		t.Errorf("remotes %q, %v", names, err)
	}
}

func TestRemoteRefusals(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	for name, setup := range map[string]func(g *gittest.Repo){
		"no such remote": func(g *gittest.Repo) { g.Git("remote", "remove", "origin") },
		"folder is gone": func(g *gittest.Repo) { g.Git("remote", "set-url", "origin", "file:///nowhere/x.git") },
		"ext transport": func(g *gittest.Repo) {
			g.Git("config", "protocol.ext.allow", "always")
			g.Git("remote", "set-url", "origin", "ext::touch "+mark)
		},
		"url rewritten to ext": func(g *gittest.Repo) { g.Git("config", "url.ext::touch "+mark+" #.insteadOf", "file://") },
	} {
		t.Run(name, func(t *testing.T) {
			g := gittest.New(t)
			g.Commit("one", nil)
			g.Bare()
			setup(g)
			tip, err := open(t, g.Dir).RemoteTip(t.Context(), "origin", "main")
			if err == nil || fault.Code(err) != fault.CodeUnable || len(fault.Hints(err)) == 0 {
				t.Errorf("tip %q, error %v", tip, err)
			}
			if _, err := os.Stat(mark); err == nil {
				t.Error("the remote's program ran")
			}
		})
	}
}

// remote.<name>.uploadpack may name any program on the remote's side; on a
// local path that is this machine.
func TestUploadPackOfTheConfigurationIsNotRun(t *testing.T) {
	g := gittest.New(t)
	id := g.Commit("one", nil)
	g.Bare()
	mark := filepath.Join(t.TempDir(), "ran")
	g.Git("config", "remote.origin.uploadpack", "touch "+mark+"; git-upload-pack")
	tip, err := open(t, g.Dir).RemoteTip(t.Context(), "origin", "main")
	if err != nil || tip != id {
		t.Errorf("tip %q, %v", tip, err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("it ran")
	}
}

// A remote that takes the call and says nothing must not hold up the gate.
func TestSilentRemote(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	g := gittest.New(t)
	g.Commit("one", nil)
	g.Git("remote", "add", "origin", "git://"+l.Addr().String()+"/x")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = open(t, g.Dir).RemoteTip(ctx, "origin", "main")
	if err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("error %v", err)
	}
}

func TestNoPasswordInErrors(t *testing.T) {
	g := gittest.New(t)
	g.Commit("one", nil)
	g.Git("remote", "add", "origin", "http://user:s3cret@127.0.0.1:1/x.git")
	r := open(t, g.Dir)
	_, err := r.RemoteTip(t.Context(), "origin", "main")
	where, _ := r.RemoteURL(t.Context(), "origin")
	if err == nil || strings.Contains(err.Error(), "s3cret") || where != "http://127.0.0.1:1/x.git" {
		t.Errorf("address %q, error %v", where, err)
	}
}

func TestWithoutPassword(t *testing.T) {
	for in, want := range map[string]string{
		"https://u:p@h/x": "https://h/x",
		"unable to access 'https://tok@h/x/': refused": "unable to access 'https://h/x/': refused",
		"git@h:x.git":      "git@h:x.git",
		"/local/path":      "/local/path",
		"ssh://git@h:22/x": "ssh://h:22/x",
	} {
		if got := withoutPassword(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
