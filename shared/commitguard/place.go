package commitguard

import (
	"os"
	"path/filepath"
	"strings"
)

// commonDir finds the folder that all work trees of a repository share, as
// git does for a hook: GIT_COMMON_DIR, GIT_DIR, else the first .git upwards
// from the current folder. It starts no child; receipts are all it is for.
func commonDir(getenv func(string) string) (string, bool) {
	if dir := getenv("GIT_COMMON_DIR"); dir != "" {
		return checked(dir)
	}
	dir, ok := gitDir(getenv)
	if !ok {
		return "", false
	}
	text, err := os.ReadFile(filepath.Join(dir, "commondir"))
	if err != nil {
		return checked(dir)
	}
	return checked(beside(dir, strings.TrimSpace(string(text))))
}

func gitDir(getenv func(string) string) (string, bool) {
	if dir := getenv("GIT_DIR"); dir != "" {
		return dir, true
	}
	at, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		name := filepath.Join(at, ".git")
		if info, err := os.Stat(name); err == nil {
			if info.IsDir() {
				return name, true
			}
			text, err := os.ReadFile(name)
			target, link := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
			return beside(at, target), err == nil && link
		}
		if up := filepath.Dir(at); up != at {
			at = up
			continue
		}
		return "", false // a bare repository without GIT_DIR
	}
}

func beside(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}

// checked takes a folder that looks like a repository, as an absolute path.
func checked(dir string) (string, bool) {
	info, err := os.Stat(filepath.Join(dir, "objects"))
	if err != nil || !info.IsDir() {
		return "", false
	}
	full, err := filepath.Abs(dir)
	return full, err == nil
}

// MessageFile is where git keeps the message of a commit that was refused;
// false where what it keeps is another message.
func MessageFile(getenv func(string) string, message string) (string, bool) {
	dir, ok := gitDir(getenv)
	subject, _, _ := strings.Cut(message, "\n")
	if !ok || subject == "" {
		return "", false
	}
	name := filepath.Join(dir, "COMMIT_EDITMSG")
	text, err := os.ReadFile(name)
	if err != nil || !strings.HasPrefix(string(text), subject) {
		return "", false
	}
	if at, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(at, name); err == nil && !strings.HasPrefix(short, "..") {
			return short, true
		}
	}
	return name, true
}
