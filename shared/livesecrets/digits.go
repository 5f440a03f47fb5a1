package livesecrets

// Classes of bytes in a run of digits: a value below 64, or one of these.
const (
	notDigit  = 0xff
	lineBreak = 0xfe // goes on where digits follow on the next line
)

// sextets knows the digits of base64 and of base64url.
var sextets = digitTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "-_", 62)

// nibbles knows the digits of hex.
var nibbles = digitTable("0123456789abcdef", "ABCDEF", 10)

func digitTable(digits, more string, moreFrom byte) *[256]byte {
	var table [256]byte
	for i := range table {
		table[i] = notDigit
	}
	for i := range len(digits) {
		table[digits[i]] = byte(i)
	}
	for i := range len(more) {
		table[more[i]] = moreFrom + byte(i)
	}
	table['\n'], table['\r'] = lineBreak, lineBreak
	return &table
}

// run is a run of digits in a text.
type run struct {
	text   []byte
	table  *[256]byte
	from   int
	values []byte // of the digits
	broken bool   // there is a line break in it
}

// chunk is how many digits of a run are handed on at once, where secrets are
// not so long that it has to be more: it stays in the processor's cache.
const chunk = 1 << 15

// eachRun calls use with each run of at least shortest digits. Digits that go
// on after a line break and spaces are one run. Of a very long one it hands on
// parts that have longest digits in common.
func eachRun(text []byte, table *[256]byte, shortest, longest int, use func(run)) {
	most := max(chunk, 4*longest)
	var values []byte
	for i := nextRun(text, table, shortest, 0); i < len(text); i = nextRun(text, table, shortest, i) {
		from, broken := i, false
		values = values[:0]
		for i < len(text) {
			if value := table[text[i]]; value < lineBreak && len(values) < most {
				values = append(values, value)
				i++
				continue
			}
			next := overBreak(text, table, i)
			if next == i {
				break
			}
			i, broken = next, true
		}
		r := run{text, table, from, values, broken}
		if len(values) >= shortest {
			use(r)
		}
		if len(values) == most {
			i, _ = r.places(most-longest, most)
		}
	}
}

// nextRun is a place from i on, at a digit, before which no run of shortest
// digits begins. It looks backwards from where such a run would have to reach
// to, and so past most words without reading them.
func nextRun(text []byte, table *[256]byte, shortest, i int) int {
	for i+shortest <= len(text) {
		if table[text[i]] >= lineBreak {
			i++
			continue
		}
		at := i + shortest - 1
		for at > i && (table[text[at]] < lineBreak || isSpace(text[at]) && joins(text, at)) {
			at--
		}
		if at == i {
			return i
		}
		i = at + 1
	}
	return len(text)
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

// joins says whether the space at a place may belong to a line break with its
// indentation: only then does a run go on across it.
func joins(text []byte, at int) bool {
	for ; at >= 0 && isSpace(text[at]); at-- {
		if text[at] == '\n' || text[at] == '\r' {
			return true
		}
	}
	return false
}

// overBreak is the place of the digit behind a line break and indentation at
// i, or i where there is none.
func overBreak(text []byte, table *[256]byte, i int) int {
	if table[text[i]] != lineBreak {
		return i
	}
	next := i
	for next < len(text) && (table[text[next]] == lineBreak || text[next] == ' ' || text[next] == '\t') {
		next++
	}
	if next < len(text) && table[text[next]] < lineBreak {
		return next
	}
	return i
}

// places maps digits from up to to to bytes of the text.
func (r run) places(from, to int) (int, int) {
	if !r.broken {
		return r.from + from, r.from + to
	}
	start, seen, i := -1, 0, r.from
	for ; seen < to; i++ {
		if r.table[r.text[i]] >= lineBreak {
			continue
		}
		if seen == from {
			start = i
		}
		seen++
	}
	return start, i
}

// readBase64 decodes runs from each of their first four digits: a secret in a
// longer encoded text, or behind a word, stands at any of them.
func readBase64(m *matcher, text []byte, hand func([]byte, kind, span)) {
	var decoded []byte
	eachRun(text, sextets, (8*m.shortest+5)/6, 4*m.longest+8, func(r run) {
		for phase := range 4 {
			decoded = fromSextets(decoded[:0], r.values[phase:])
			hand(decoded, within(decoded), func(from, to int) (int, int) {
				return r.places(phase+from*8/6, phase+(to*8+5)/6)
			})
		}
	})
}

// fromSextets packs six bits each; bits that fill no byte are left.
func fromSextets(into, values []byte) []byte {
	for ; len(values) >= 4; values = values[4:] {
		bits := uint32(values[0])<<18 | uint32(values[1])<<12 | uint32(values[2])<<6 | uint32(values[3])
		into = append(into, byte(bits>>16), byte(bits>>8), byte(bits))
	}
	if len(values) >= 2 {
		into = append(into, values[0]<<2|values[1]>>4)
	}
	if len(values) == 3 {
		into = append(into, values[1]<<4|values[2]>>2)
	}
	return into
}

func readHex(m *matcher, text []byte, hand func([]byte, kind, span)) {
	var decoded []byte
	eachRun(text, nibbles, 2*m.shortest, 4*m.longest+8, func(r run) {
		for phase := range 2 {
			decoded = decoded[:0]
			for i := phase; i+1 < len(r.values); i += 2 {
				decoded = append(decoded, r.values[i]<<4|r.values[i+1])
			}
			hand(decoded, within(decoded), func(from, to int) (int, int) { return r.places(phase+2*from, phase+2*to) })
		}
	})
}

// within says whether a decoded stretch is worth another look: seven of eight
// bytes at its start, or as many at its end, are ASCII text (or the zero bytes
// of UTF-16). By chance three of eight are.
func within(text []byte) kind {
	const sample = 128
	if len(text) <= 2*sample && mostlyText(text) || len(text) > 2*sample && (mostlyText(text[:sample]) || mostlyText(text[len(text)-sample:])) {
		return anything
	}
	return 0
}

func mostlyText(text []byte) bool {
	count := 0
	for _, b := range text {
		if b >= 0x20 && b < 0x7f || b == '\n' || b == '\r' || b == '\t' || b == 0 {
			count++
		}
	}
	return count*8 >= len(text)*7
}
