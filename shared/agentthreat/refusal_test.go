package agentthreat

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// broken is a program in the tool's place that does not answer as it should.
// What atr itself says is tested on the real one.
func broken(t *testing.T, script string) *Tool {
	t.Helper()
	file := filepath.Join(t.TempDir(), "atr")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return &Tool{"atr", file}
}

const answered = `{"scan_type":"skill","skills_scanned":2,"rules_loaded":785,"results":[]}`

func TestOddAnswersRefuse(t *testing.T) {
	for name, script := range map[string]string{
		"clean, without the sample": "echo '" + answered + "'; exit 1\n",
		"exit 0 for the sample":     "echo '" + answered + "'\n",
		"no answer":                 "exit 0\n",
		"a crash":                   "kill -SEGV $$\n",
		"an error":                  "echo Error: no rules >&2; exit 1\n",
		"half an answer":            "printf '{\"scan_type\":'; exit 1\n",
		"fewer files":               "echo '{\"scan_type\":\"skill\",\"skills_scanned\":1,\"rules_loaded\":7,\"results\":[]}'; exit 1\n",
		"another scan":              "echo '{\"scan_type\":\"mcp\",\"events_scanned\":2,\"rules_loaded\":7,\"results\":[]}'; exit 1\n",
		"no rules":                  "echo '{\"scan_type\":\"skill\",\"skills_scanned\":2,\"rules_loaded\":0,\"results\":[]}'; exit 1\n",
		"a foreign file":            "echo '{\"scan_type\":\"skill\",\"skills_scanned\":2,\"rules_loaded\":7,\"results\":[{\"file\":\"/etc/passwd\"}]}'; exit 1\n",
		"files left out":            "echo 'Warning: Skipping x' >&2; echo '" + answered + "'; exit 1\n",
		"not there":                 "exec /nonexistent\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			threats, err := broken(t, script).Scan(context.Background(), []File{{"SKILL.md", Skill, []byte("x")}})
			if fault.Code(err) != fault.CodeUnable {
				t.Errorf("PASSED: %v %v", threats, err)
			}
			if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A tool that hangs is ended with all that it started, and what was copied for
// it goes.
func TestAHangRefuses(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	alive := filepath.Join(t.TempDir(), "pid")
	tool := broken(t, "sleep 600 &\necho $! > "+alive+"\nwait\n")
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	if _, err := tool.Scan(ctx, []File{{"SKILL.md", Skill, []byte("x")}}); fault.Code(err) != fault.CodeUnable {
		t.Errorf("%v", err)
	}
	pid, err := os.ReadFile(alive)
	if err != nil {
		t.Skip("the child had not begun")
	}
	for range 100 {
		if exec.Command("kill", "-0", strings.TrimSpace(string(pid))).Run() != nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if exec.Command("kill", "-0", strings.TrimSpace(string(pid))).Run() == nil {
		t.Errorf("process %s lives on", pid)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPgaByItsExitCode(t *testing.T) {
	for script, want := range map[string]string{
		"echo '{}'": "clean", "echo '{}'; exit 2": "threat", "echo '{}'; exit 1": "refused", "exit 0": "refused", "kill -KILL $$": "refused",
	} {
		tool := broken(t, script+"\n")
		tool.Name = "pga"
		threats, err := tool.Scan(context.Background(), []File{{"SKILL.md", Skill, []byte("x")}})
		got := map[bool]string{true: "threat", false: "clean"}[len(threats) > 0]
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%s: %s, want %s (%v)", script, got, want, err)
		}
	}
}

func TestWhatTheToolWouldNotRead(t *testing.T) {
	tool := &Tool{"atr", "/nonexistent"} // not run for these
	for name, content := range map[string][]byte{
		"too large": bytes.Repeat([]byte("a"), largest+1), "UTF-16": []byte("\xff\xfea\x00"), "NUL": []byte("a\x00b"),
	} {
		threats, err := tool.Scan(context.Background(), []File{{"SKILL.md", Skill, content}})
		if err != nil || len(threats) != 1 || threats[0].Rule != Unreadable {
			t.Errorf("%s: %v %v", name, threats, err)
		}
	}
}

func TestKindOf(t *testing.T) {
	for path, want := range map[string]Kind{
		"SKILL.md": Skill, "a/b/skill.MD": Skill, ".mcp.json": Config, ".cursor/mcp.json": Config, ".vscode/mcp.json": Config,
		"x/claude_desktop_config.json": Config, "README.md": Other, "package.json": Other, "SKILL.md/x": Other,
	} {
		if got := KindOf(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// listen counts connections on loopback.
func listen(t *testing.T) (address string, asked func() bool) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var count atomic.Int32
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			c.Close()
		}
	}()
	return listener.Addr().String(), func() bool { return count.Load() > 0 }
}

// The preload alone, without a namespace, keeps a Node program from the
// network and from starting others; each way is tried.
func TestPreloadKeepsNodeFromTheNetwork(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not on PATH")
	}
	address, asked := listen(t)
	_, port, _ := net.SplitHostPort(address)
	preload := filepath.Join(t.TempDir(), "no-network.cjs")
	if err := os.WriteFile(preload, noNetwork, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "try.mjs")
	text := fmt.Sprintf(`
import net, { connect } from 'node:net'
import http from 'node:http'
import { execSync } from 'node:child_process'
import { lookup } from 'node:dns'
const tries = {
  connect: () => connect(%[1]s, '127.0.0.1'),
  socket: () => new net.Socket().connect(%[1]s, '127.0.0.1'),
  http: () => http.get('http://127.0.0.1:%[1]s/'),
  fetch: () => fetch('http://127.0.0.1:%[1]s/'),
  exec: () => execSync('true'),
  lookup: () => lookup('localhost', () => {}),
}
for (const [name, go] of Object.entries(tries)) {
  try { await go(); console.log('OPEN', name) } catch (e) { console.log(e.message) }
}
`, port)
	if err := os.WriteFile(program, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(node, program)
	c.Env = environment(t.TempDir(), preload)
	out, err := c.CombinedOutput()
	if err != nil || strings.Contains(string(out), "OPEN") || strings.Count(string(out), "no network") != 6 {
		t.Errorf("%v: %s", err, out)
	}
	if asked() {
		t.Error("a connection came")
	}
}

func TestSweepTakesOnlyOldOnes(t *testing.T) {
	root := t.TempDir()
	now := time.Now()
	for _, name := range []string{prefix + "old", prefix + "new", "other"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{prefix + "old", "other"} {
		if err := os.Chtimes(filepath.Join(root, name), now, now.Add(-2*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	sweep(root, now)
	left, _ := os.ReadDir(root)
	if len(left) != 2 {
		t.Errorf("%v", left)
	}
}
