package commitguard

import (
	"os"
	"path/filepath"
)

const sh = "#!/bin/sh\n"

// install puts our hooks into the work repository and into the remote.
func (s *site) install() {
	s.Helper()
	hooks := filepath.Join(s.dir, ".git", "hooks")
	s.hook(filepath.Join(hooks, "pre-commit"), sh+"exec "+binary+" run pre-commit \"$@\"\n")
	if !s.blind {
		s.hook(filepath.Join(hooks, "pre-push"), sh+"exec "+binary+" run pre-push \"$@\"\n")
	}
	s.hook(filepath.Join(hooks, "reference-transaction"), sh+"[ \"$1\" = prepared ] || exit 0\nexec "+binary+" run reference-transaction \"$@\"\n")
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
