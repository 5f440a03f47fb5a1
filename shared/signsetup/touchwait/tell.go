package touchwait

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// message is what to say of the key that signs; "" for a key that no touch is
// asked for.
func message(args []string) string {
	name := keyFile(args)
	for _, path := range []string{name, name + ".pub"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(text)
		if err != nil {
			continue
		}
		if !strings.HasPrefix(key.Type(), "sk-") {
			return ""
		}
		return fmt.Sprintf("touch your security key to sign (%.19s…), after its PIN if asked", ssh.FingerprintSHA256(key))
	}
	return "the signature takes long: a security key may wait for your touch"
}

// tell says it on the terminal, or where there is none as a notification of
// the desktop. It is best effort: nothing that fails here fails the signature.
func tell(text string) {
	tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0)
	if err == nil {
		defer tty.Close()
		fmt.Fprintf(tty, "\r\n%s\r\n", text)
		return
	}
	name, args := notifier(text)
	if name == "" {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	child := exec.CommandContext(ctx, name, args...)
	if child.Start() != nil {
		stop()
		return
	}
	go func() {
		defer stop()
		_ = child.Wait()
	}()
}

// notifier is the program that shows a notification here, "" for none.
func notifier(text string) (name string, args []string) {
	const title = "git commit"
	if runtime.GOOS == "darwin" {
		name, args = "osascript", []string{"-e", fmt.Sprintf("display notification %q with title %q", text, title)}
	} else if os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" {
		name, args = "notify-send", []string{"--app-name=git", title, text}
	}
	if name == "" {
		return "", nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", nil
	}
	return path, args
}
