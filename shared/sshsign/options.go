package sshsign

import (
	"fmt"
	"strings"
	"time"
)

// cutOptions takes the comma-separated options off: up to the first blank that
// is not inside double quotes (ssh-keygen's sshkey_advance_past_options).
func cutOptions(s string) (options, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && (s[i] == ' ' || s[i] == '\t'):
			return s[:i], strings.TrimLeft(s[i:], " \t")
		}
	}
	return s, ""
}

// apply reads the options into s. Names are case-insensitive; an unknown or a
// repeated one is an error, and so is a missing comma.
func (s *Signer) apply(options string) error {
	seen := map[string]bool{}
	for options != "" {
		name, value, rest, err := cutOption(options)
		if err != nil {
			return err
		}
		if seen[name] && name != "cert-authority" {
			return fmt.Errorf("the option %q comes twice", name)
		}
		seen[name] = true
		if err := s.set(name, value); err != nil {
			return err
		}
		options = rest
	}
	if !s.ValidAfter.IsZero() && !s.ValidBefore.IsZero() && !s.ValidBefore.After(s.ValidAfter) {
		return fmt.Errorf("valid-before is not after valid-after")
	}
	return nil
}

// cutOption takes `name` or `name="value"` and the comma after it off.
func cutOption(s string) (name, value, rest string, err error) {
	end := strings.IndexAny(s, ",=")
	if end < 0 {
		return strings.ToLower(s), "", "", nil
	}
	name = strings.ToLower(s[:end])
	if s[end] == ',' {
		rest = s[end+1:]
		return name, "", rest, trailingComma(rest)
	}
	value, rest, err = dequote(s[end+1:])
	if err != nil {
		return "", "", "", fmt.Errorf("option %q: %w", name, err)
	}
	if value == "" {
		return "", "", "", fmt.Errorf("option %q has an empty value", name)
	}
	if rest == "" {
		return name, value, "", nil
	}
	if rest[0] != ',' {
		return "", "", "", fmt.Errorf("after option %q a comma is missing", name)
	}
	return name, value, rest[1:], trailingComma(rest[1:])
}

func trailingComma(rest string) error {
	if rest == "" {
		return fmt.Errorf("its options end with a comma")
	}
	return nil
}

// dequote reads a value in double quotes, in which \" stands for a quote.
func dequote(s string) (value, rest string, err error) {
	if s == "" || s[0] != '"' {
		return "", "", fmt.Errorf("its value must stand in double quotes")
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
			b.WriteByte('"')
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", fmt.Errorf("its quote is not closed")
}

func (s *Signer) set(name, value string) (err error) {
	flag := name == "cert-authority"
	if flag != (value == "") {
		return fmt.Errorf("option %q is unknown or in the wrong form; allowed are cert-authority, namespaces=, valid-after= and valid-before=", name)
	}
	switch name {
	case "cert-authority":
		s.CertAuthority = true
	case "namespaces":
		s.Namespaces = value
	case "valid-after":
		s.ValidAfter, err = parseTime(value)
	case "valid-before":
		s.ValidBefore, err = parseTime(value)
	default:
		err = fmt.Errorf("option %q is unknown; allowed are cert-authority, namespaces=, valid-after= and valid-before=", name)
	}
	return err
}

// parseTime reads YYYYMMDD[HHMM[SS]][Z]. The epoch itself is refused, as
// ssh-keygen refuses it.
func parseTime(s string) (time.Time, error) {
	zone := time.Local
	digits, utc := strings.CutSuffix(s, "Z")
	if utc {
		zone = time.UTC
	}
	layout := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}[len(digits)]
	t, err := time.ParseInLocation(layout, digits, zone)
	if layout == "" || err != nil || t.Unix() <= 0 {
		return time.Time{}, fmt.Errorf("%q is no time; allowed are YYYYMMDD, YYYYMMDDHHMM and YYYYMMDDHHMMSS, with Z for UTC", s)
	}
	return t, nil
}
