package hookinstall

import (
	"math/rand"
	"os"
	"os/exec"
	"testing"
	"time"
)

// An install or uninstall that is killed at any moment leaves hooks that run,
// and a repository that the next run brings to either end.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, folder := range gits() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, mainTree, folder)
			w.hook(w.repo+"/.git/hooks/pre-commit", "echo pre-commit >>\"$LOG\"\n")
			without := w.setup()
			w.run("git", "clawql-hooks", "install")
			with := w.setup()
			w.run("git", "clawql-hooks", "uninstall")
			seed := time.Now().UnixNano()
			random := rand.New(rand.NewSource(seed))
			took := time.Duration(0)
			cut := 0
			for range 12 {
				verb := []string{"install", "uninstall"}[random.Intn(2)]
				start := time.Now()
				c := exec.Command(binaries+"/git-clawql-hooks", verb)
				c.Dir, c.Env = w.dir, w.environment()
				w.must(c.Start())
				ended := make(chan error, 1)
				go func() { ended <- c.Wait() }()
				wait := time.Duration(random.Int63n(int64(max(took, 20*time.Millisecond))))
				select {
				case <-time.After(wait):
					_ = c.Process.Kill()
					<-ended
					cut++
				case err := <-ended:
					w.must(err)
					took = time.Since(start)
				}
				w.clearLog()
				if out, code := w.try("git", "hook", "run", "pre-commit"); code != 0 || len(w.logged()) != 1 {
					t.Errorf("seed %d: after a kill a hook answers %d, and the other ran %q\n%s", seed, code, w.logged(), out)
				}
				_ = os.RemoveAll(w.repo + "/.git/clawql-hooks/receipts") // of the hook that just ran
				if random.Intn(2) == 0 {
					w.run("git", "clawql-hooks", "install")
					w.same("installed after a kill", w.setup(), with)
				} else {
					w.run("git", "clawql-hooks", "uninstall")
					w.same("uninstalled after a kill", w.setup(), without)
				}
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			if cut == 0 {
				t.Error("nothing was killed: the test shows nothing")
			}
		})
	}
}

// Each single step of a plan can be the last one.
func TestCutOffAfterEachStep(t *testing.T) {
	for name, folder := range gits() {
		t.Run(name, func(t *testing.T) {
			if folder != "" {
				t.Setenv("PATH", folder+":"+t.TempDir()+":/usr/bin:/bin")
			}
			w := newWorld(t, mainTree, folder)
			w.hook(w.repo+"/.git/hooks/pre-commit", "echo pre-commit >>\"$LOG\"\n")
			without := w.setup()
			program := binaries + "/git-clawql-hooks"
			w.run("git", "clawql-hooks", "install")
			with := w.setup()
			look := func() *Site { s, err := Look(t.Context(), w.repo); w.must(err); return s }
			for _, going := range []bool{true, false} {
				for steps := 0; ; steps++ {
					s := look()
					p, err := s.Install(program)
					if going {
						p, err = s.Uninstall(), nil
					}
					w.must(err)
					if steps > len(p.Changes) {
						break
					}
					w.must(s.writeJournal(p))
					for _, c := range p.Changes[:steps] {
						w.must(act(c, s.isConfig(c.Path)))
					}
					// Here the process died.
					verb, want := "install", with
					if going {
						verb, want = "uninstall", without
					}
					w.run("git", "clawql-hooks", verb)
					w.same(verb+" after it was cut off", w.setup(), want)
					if other := map[bool]string{true: "install", false: "uninstall"}[going]; !t.Failed() {
						w.run("git", "clawql-hooks", other)
					}
				}
			}
		})
	}
}
