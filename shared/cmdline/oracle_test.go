package cmdline

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/urfave/cli/v2"
)

// FuzzAgainstPflag compares with the parser of kubectl: where both accept a
// line, they read the same flags and the same words. Ours refuses more: a
// forgotten value is an error here, and a value there. And `-o=` is an empty
// value here as `--output=` is, while pflag reads the value "=".
func FuzzAgainstPflag(f *testing.F) {
	for _, seed := range []string{
		"a\x00--dry-run\x00b", "-no\x00json\x00a", "-ojson", "-o=json\x00--\x00-n", "--context\x00-x\x00a",
		"--dry-run=false\x00-n", "-o\x00\x00a", "--context=\x00-", "-nn", "-n=true", "-noq=x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, joined string) {
		args := strings.Split(joined, "\x00")
		app := &cli.App{Name: "x", Action: nop, Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}},
			&cli.StringFlag{Name: "context"},
		}}
		ours, err := parse(rootOf(app), args)
		emptyShort := func(arg string) bool {
			return strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.HasSuffix(arg, "=")
		}
		if err != nil || ours.help || ours.version || slices.ContainsFunc(args, emptyShort) {
			return
		}
		theirs := pflag.NewFlagSet("x", pflag.ContinueOnError)
		theirs.SetOutput(io.Discard)
		theirs.Bool("help", false, "")
		theirs.Bool("version", false, "")
		theirs.String("color", "", "")
		theirs.BoolP("dry-run", "n", false, "")
		theirs.StringP("output", "o", "", "")
		theirs.String("context", "", "")
		if theirs.Parse(args) != nil {
			return
		}
		if !slices.Equal(ours.words, theirs.Args()) && len(ours.words)+theirs.NArg() > 0 {
			t.Fatalf("%q: words %q, pflag has %q", args, ours.words, theirs.Args())
		}
		last := map[string]string{}
		for _, one := range ours.flags {
			last[rootOf(app).flag(one.name).Names()[0]] = one.value
		}
		theirs.Visit(func(flag *pflag.Flag) {
			got, want := last[flag.Name], flag.Value.String()
			if flag.Name == "dry-run" {
				got, want = truth(got), truth(want)
			}
			if got != want {
				t.Fatalf("%q: --%s is %q, pflag has %q", args, flag.Name, got, want)
			}
			delete(last, flag.Name)
		})
		if len(last) > 0 {
			t.Fatalf("%q: pflag does not have %v", args, last)
		}
	})
}

func truth(word string) string {
	return fmt.Sprint(slices.Contains([]string{"1", "t", "T", "true", "TRUE", "True"}, word))
}
