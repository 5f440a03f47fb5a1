package hookinstall

import (
	"strings"

	"github.com/clawql/clawql-workbench/hooks"
)

// Events are the hooks that ask git-clawql-hooks. prepare-commit-msg and
// commit-msg are not among them: reference-transaction judges the message and
// the content of every commit, --no-verify or not, and each hook costs.
var Events = []string{"pre-commit", "pre-merge-commit", "reference-transaction", "pre-push"}

// forwarded are all hooks of a work tree that git would look for in the folder
// that we stand before. push-to-checkout, proc-receive and post-index-change
// are left out: their mere presence changes what git does, or costs each
// `git status`; they are forwarded where they exist.
var forwarded = []string{
	"applypatch-msg", "commit-msg", "post-applypatch", "post-checkout", "post-commit", "post-merge", "post-receive",
	"post-rewrite", "post-update", "pre-applypatch", "pre-auto-gc", "pre-rebase", "pre-receive", "prepare-commit-msg",
	"sendemail-validate", "update",
}

var onlyWhereThere = []string{"push-to-checkout", "proc-receive", "post-index-change", "p4-changelist", "p4-prepare-changelist", "p4-post-changelist", "p4-pre-submit"}

// allEvents is every name that can be a hook.
func allEvents() []string {
	return append(append(append([]string{}, Events...), forwarded...), onlyWhereThere...)
}

// chain says what a hook of ours runs afterwards.
type chain string

const (
	chainBeside chain = "beside" // HOOK.clawql-chained
	chainUnder  chain = "pointed"
	chainGlobal chain = "global"
	chainNone   chain = "none" // git itself runs the others
)

// suffix marks the file that a hook of ours runs.
const suffix = ".clawql-chained"

const mark = "# clawql-hooks "

// text is the content of a hook.
func text(event, program string, c chain) []byte {
	return []byte(strings.NewReplacer("@HOOK@", event, "@PROGRAM@", quote(program), "@CHAIN@", string(c)).Replace(hooks.Dispatch))
}

// quote writes a word for sh.
func quote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%,:") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// unquote reads what quote wrote.
func unquote(word string) string {
	if strings.HasPrefix(word, "'") {
		return strings.ReplaceAll(strings.TrimSuffix(word[1:], "'"), `'\''`, "'")
	}
	return word
}

// programOf is the program that a hook of ours names, "" for another text.
func programOf(content []byte) string {
	if kindOf(content) != Ours {
		return ""
	}
	for _, line := range strings.Split(string(content), "\n") {
		if word, ok := strings.CutPrefix(line, "program="); ok {
			return unquote(word)
		}
	}
	return ""
}
