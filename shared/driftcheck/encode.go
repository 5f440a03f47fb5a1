package driftcheck

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// appendJSON writes a tree of fields as JSON with sorted keys: equal trees are
// equal texts. Reading it again gives the same tree: a float stays one, even if
// it is whole. A value that no tree of Kubernetes has is an error.
func appendJSON(to []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case map[string]any:
		return appendMap(to, value)
	case []any:
		var err error
		to = append(to, '[')
		for i, one := range value {
			if i > 0 {
				to = append(to, ',')
			}
			if to, err = appendJSON(to, one); err != nil {
				return to, err
			}
		}
		return append(to, ']'), nil
	case string:
		return appendText(to, value)
	case int64:
		return strconv.AppendInt(to, value, 10), nil
	case float64:
		return appendFloat(to, value)
	case bool:
		return strconv.AppendBool(to, value), nil
	case nil:
		return append(to, "null"...), nil
	}
	return to, fmt.Errorf("a field is a %T", value)
}

func appendMap(to []byte, fields map[string]any) (_ []byte, err error) {
	if fields == nil {
		return append(to, "null"...), nil
	}
	var some [16]string
	names := slices.AppendSeq(some[:0], maps.Keys(fields))
	slices.Sort(names)
	to = append(to, '{')
	for i, name := range names {
		if i > 0 {
			to = append(to, ',')
		}
		if to, err = appendText(to, name); err != nil {
			return to, err
		}
		if to, err = appendJSON(append(to, ':'), fields[name]); err != nil {
			return to, err
		}
	}
	return append(to, '}'), nil
}

// appendText writes a plain text as it is, and leaves others to encoding/json.
func appendText(to []byte, text string) ([]byte, error) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return appendQuoted(to, text)
		}
	}
	to = append(to, '"')
	to = append(to, text...)
	return append(to, '"'), nil
}

func appendQuoted(to []byte, text string) ([]byte, error) {
	quoted, err := json.Marshal(text)
	return append(to, quoted...), err
}

func appendFloat(to []byte, value float64) ([]byte, error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return to, fmt.Errorf("a field is no number")
	}
	start := len(to)
	to = strconv.AppendFloat(to, value, 'g', -1, 64)
	for _, c := range to[start:] {
		if c == '.' || c == 'e' {
			return to, nil
		}
	}
	return append(to, ".0"...), nil
}
