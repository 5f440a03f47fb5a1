package commitguard

import (
	"os"
	"path/filepath"
)

const sh = "#!/bin/sh\n"

// install puts our hooks into the work repository and into the remote.
func (s *site) install() {
	s.Helper()
	if out, err := s.command(binary, "install").CombinedOutput(); err != nil {
		s.Fatalf("install: %v\n%s", err, out)
	}
	if s.blind {
		_ = os.Remove(filepath.Join(s.dir, ".git/hooks/pre-push"))
	}
	s.installThere()
}

func (s *site) installThere() {
	s.Helper()
	text, err := os.ReadFile("../../hooks/pre-receive")
	if err != nil {
		s.Fatal(err)
	}
	s.hook(filepath.Join(s.remote, "hooks", "pre-receive"), string(text))
}

func (s *site) hook(name, text string) {
	s.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		s.Fatal(err)
	}
}
