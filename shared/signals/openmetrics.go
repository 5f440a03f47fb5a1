package signals

import "bytes"

// plainText makes the Prometheus text format of OpenMetrics: exemplars and
// timestamps, which that format does not have or writes otherwise, are left
// out, and so are the types, some of which it does not know. What is no
// sample stays as it is, for the parser to refuse.
// Source: OpenMetrics 1.0, "Text format".
func plainText(body []byte) []byte {
	var plain bytes.Buffer
	plain.Grow(len(body))
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		if bytes.HasPrefix(line, []byte("#")) {
			continue
		}
		plain.Write(sample(line))
		plain.WriteByte('\n')
	}
	return plain.Bytes()
}

// sample keeps name, labels and value of a line.
func sample(line []byte) []byte {
	end := labelsEnd(line)
	value := bytes.TrimLeft(line[end:], " ")
	if stop := bytes.IndexByte(value, ' '); stop >= 0 {
		value = value[:stop]
	}
	return append(append(bytes.Clone(line[:end]), ' '), value...)
}

// labelsEnd is where the value begins: behind the brace that closes the
// labels, or behind the name. Braces inside a label's value close nothing.
func labelsEnd(line []byte) int {
	quoted, escaped := false, false
	for i, c := range line {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && c == '}':
			return i + 1
		case !quoted && c == ' ' && !bytes.ContainsRune(line[:i], '{'):
			return i
		}
	}
	return len(line)
}
