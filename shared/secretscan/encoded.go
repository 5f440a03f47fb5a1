package secretscan

import "strings"

// encoded is a piece of text that looks encoded.
type encoded struct {
	kind encoding
	span
}

// decode gives what it means, "" for nothing; percentText has its own way.
func (e encoded) decode(text string) string {
	run := text[e.from:e.to]
	switch e.kind {
	case unicodeText:
		return decodeUnicode(run)
	case hexText:
		return decodeHex(run)
	}
	return decodeBase64(run)
}

// eachEncoded tells the pieces that gitleaks would decode in one pass, in
// order: the matches of its regex
//
//	%[0-9A-Fa-f]{2}(?:.*%[0-9A-Fa-f]{2})?
//	(?:U\+[a-fA-F0-9]{4}(?:\s|$))+  or  (?i)(?:\\{1,2}u[a-fA-F0-9]{4})+
//	[0-9A-Fa-f]{32,}
//	[\w\/+-]{16,}={0,2}
//
// without those that touch a neighbour of a bigger kind: they wait for the
// next pass.
func eachEncoded(text string, tell func(encoded)) {
	var before, here encoded // here waits for its neighbour
	pass := func(next encoded) {
		yields := func(to encoded) bool {
			return to.kind > here.kind && here.from <= to.to && to.from <= here.to
		}
		if here.kind != 0 && !yields(before) && !yields(next) {
			tell(here)
		}
		before, here = here, next
	}
	for at := 0; at < len(text); {
		one := encodedAt(text, at)
		if one.kind != 0 {
			pass(one)
		}
		at = one.to
	}
	pass(encoded{})
}

// encodedAt is what matches at a place; of kind 0 where nothing does, and then
// nothing matches before its end either.
func encodedAt(text string, at int) encoded {
	switch c := text[at]; {
	case isA(c, base64Letter):
		return encodedRun(text, at)
	case c == '%' && isPercent(text[at:]):
		return encoded{percentText, span{at, percentEnd(text, at)}}
	case c == '\\':
		if end := escapesEnd(text, at); end > at {
			return encoded{unicodeText, span{at, end}}
		}
	}
	return encoded{0, span{at, at + 1}}
}

// encodedRun looks at a run of base64's letters that begins at a place. In one
// that is too short only a code point can match: its last six letters.
func encodedRun(text string, at int) encoded {
	end, hex := at, at
	for end < len(text) && isA(text[end], base64Letter) {
		if end == hex && isA(text[end], hexDigit) {
			hex++
		}
		end++
	}
	switch {
	case hex-at >= shortestHex:
		return encoded{hexText, span{at, hex}}
	case end-at >= shortestBase64:
		for pad := 0; pad < 2 && end < len(text) && text[end] == '='; pad++ {
			end++
		}
		return encoded{base64Text, span{at, end}}
	case end-at >= 6:
		if to := pointsEnd(text, end-6); to > 0 && end-6 == at {
			return encoded{unicodeText, span{at, to}}
		} else if to > 0 {
			return encoded{0, span{at, end - 6}}
		}
	}
	return encoded{0, span{at, end}}
}

// pointsEnd is where code points U+0041 end that begin at a place, each with
// white space or the end of the text behind it; 0 for none.
func pointsEnd(text string, at int) int {
	end := 0
	for strings.HasPrefix(text[at:], "U+") && isHex4(text[at+2:]) {
		at += 6
		if at == len(text) {
			return at
		}
		if !strings.ContainsRune("\t\n\f\r ", rune(text[at])) {
			return end
		}
		at++
		end = at
	}
	return end
}

// escapesEnd is where escapes \u0041 or \\u0041 end that begin at a place.
func escapesEnd(text string, at int) int {
	for {
		next := at
		for next < len(text) && next-at < 2 && text[next] == '\\' {
			next++
		}
		if next == at || next >= len(text) || text[next]|0x20 != 'u' || !isHex4(text[next+1:]) {
			return at
		}
		at = next + 5
	}
}

// percentEnd is behind the last encoded byte of the line.
func percentEnd(text string, at int) int {
	line := text[at:]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	for {
		i := strings.LastIndexByte(line, '%')
		if isPercent(line[i:]) {
			return at + i + 3
		}
		line = line[:i]
	}
}
