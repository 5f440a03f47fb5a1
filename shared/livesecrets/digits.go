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

// eachRun calls use with each run of at least shortest digits. Digits that go
// on after a line break and spaces are one run.
func eachRun(text []byte, table *[256]byte, shortest int, use func(run)) {
	var values []byte
	for i := 0; i < len(text); {
		if table[text[i]] >= lineBreak {
			i++
			continue
		}
		from, broken := i, false
		values = values[:0]
		for i < len(text) {
			if value := table[text[i]]; value < lineBreak {
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
		if len(values) >= shortest {
			use(run{text, table, from, values, broken})
		}
	}
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
func readBase64(m *matcher, text []byte, hand func([]byte, bool, span)) {
	var decoded []byte
	eachRun(text, sextets, (8*m.shortest+5)/6, func(r run) {
		for phase := range 4 {
			decoded = fromSextets(decoded[:0], r.values[phase:])
			hand(decoded, legible(decoded), func(from, to int) (int, int) {
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

func readHex(m *matcher, text []byte, hand func([]byte, bool, span)) {
	var decoded []byte
	eachRun(text, nibbles, 2*m.shortest, func(r run) {
		for phase := range 2 {
			decoded = decoded[:0]
			for i := phase; i+1 < len(r.values); i += 2 {
				decoded = append(decoded, r.values[i]<<4|r.values[i+1])
			}
			hand(decoded, legible(decoded), func(from, to int) (int, int) { return r.places(phase+2*from, phase+2*to) })
		}
	})
}

// legible says whether a decoded stretch is worth another look: seven of eight
// bytes at its start, and as many at its end, are ASCII text (or the zero
// bytes of UTF-16). By chance three of eight are.
func legible(text []byte) bool {
	const sample = 128
	if len(text) <= 2*sample {
		return mostlyText(text)
	}
	return mostlyText(text[:sample]) || mostlyText(text[len(text)-sample:])
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
