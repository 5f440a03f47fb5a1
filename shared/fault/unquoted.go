package fault

import (
	"errors"
	"regexp"
	"strings"
)

// quotes are what a parser of YAML puts around what it read.
var quotes = regexp.MustCompile("`[^`]*(`|$)|'[^']*('|$)")

// Unquoted is the first line of a parser's complaint about a file that holds
// secrets, without what it quotes of it. Errors behind it can no longer be told
// apart. nil stays nil.
func Unquoted(err error) error {
	if err == nil {
		return nil
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(quotes.ReplaceAllString(line, "…"))
}
