package vaultauth

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// fields reads what Vault (or a manifest) says of a mount or a role. It keeps
// the names that were asked for, and the first value that could not be read.
type fields struct {
	values map[string]any
	asked  map[string]bool
	err    error
}

func newFields(values map[string]any) *fields {
	return &fields{values: values, asked: map[string]bool{}}
}

// get is a value, nil where there is none. One that was left out as a secret
// cannot be read.
func (f *fields) get(name string) any {
	f.asked[name] = true
	value := f.values[name]
	if hidden(value) {
		if f.err == nil {
			f.err = fault.Unable("%s: it was left out as a secret, and cannot be compared", name)
		}
		return nil
	}
	return value
}

// hidden: a secret was left out of the value.
func hidden(value any) bool {
	switch value := value.(type) {
	case string:
		return value == Secret
	case []string:
		return slices.Contains(value, Secret)
	case []any:
		return slices.ContainsFunc(value, hidden)
	case map[string]any:
		for _, one := range value {
			if hidden(one) {
				return true
			}
		}
	}
	return false
}

// hiddenRest are the names of values that were not asked for, and that a secret
// was left out of.
func (f *fields) hiddenRest() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !f.asked[name] && hidden(f.values[name]) {
			names = append(names, name)
		}
	}
	return names
}

func (f *fields) fail(name string, value any, allowed string) {
	if f.err == nil {
		f.err = fault.Unable("%s: %s: it must be %s", name, kindOf(value), allowed)
	}
}

// kindOf a value, in words; never the value itself, which may be a secret.
func kindOf(value any) string {
	switch value.(type) {
	case string:
		return "a text that cannot be read"
	case map[string]any:
		return "a map"
	case []any:
		return "a list that cannot be read"
	}
	return fmt.Sprintf("a value of type %T", value)
}

func (f *fields) text(name string) string {
	value := f.get(name)
	if value == nil {
		return ""
	}
	text, is := value.(string)
	if !is {
		f.fail(name, value, "text")
	}
	return text
}

// truth is false where nothing is said.
func (f *fields) truth(name string) bool {
	switch value := f.get(name).(type) {
	case nil:
		return false
	case bool:
		return value
	case string:
		yes, err := strconv.ParseBool(value)
		if err != nil {
			f.fail(name, value, "true or false")
		}
		return yes
	default:
		f.fail(name, value, "true or false")
		return false
	}
}

// truthOr is other where nothing is said.
func (f *fields) truthOr(name string, other bool) bool {
	if f.get(name) == nil {
		return other
	}
	return f.truth(name)
}

// list is a list of texts, or one text with commas between them: sorted, each
// once. What is empty says nothing.
func (f *fields) list(name string) []string {
	value := f.get(name)
	list, err := texts(value)
	if err != nil {
		f.fail(name, value, "a list of texts, or texts with commas between them")
	}
	return list
}

func texts(value any) ([]string, error) {
	var list []string
	switch value := value.(type) {
	case nil:
	case string:
		list = strings.Split(value, ",")
	case []string:
		list = slices.Clone(value)
	case []any:
		for _, one := range value {
			text, is := one.(string)
			if !is {
				return nil, fault.Unable("%T is no text", one)
			}
			list = append(list, text)
		}
	default:
		return nil, fault.Unable("%T is no list", value)
	}
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	slices.Sort(list)
	return slices.Compact(slices.DeleteFunc(list, func(one string) bool { return one == "" })), nil
}

// whole is a whole number that is not negative, 0 where nothing is said.
func (f *fields) whole(name string) int64 {
	value := f.get(name)
	n, err := number(value)
	if err != nil || n < 0 {
		f.fail(name, value, "a whole number, 0 or more")
		return 0
	}
	return n
}

// number reads what JSON, YAML and Go call a number.
func number(value any) (int64, error) {
	switch v := value.(type) {
	case nil:
		return 0, nil
	case int:
		return int64(v), nil
	case int64:
		return v, nil
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return 0, fault.Unable("%v is not whole", v)
		}
		return int64(v), nil
	case json.Number:
		return strconv.ParseInt(v.String(), 10, 64)
	case string:
		return strconv.ParseInt(strings.TrimSpace(v), 10, 64)
	}
	return 0, fault.Unable("%T is no number", value)
}

// seconds of a number, or of a text like "1h30m" or "7d"; 0 where nothing is
// said. Negative only where signed.
func (f *fields) seconds(name string, signed bool) time.Duration {
	value := f.get(name)
	d, err := duration(value)
	if err != nil || d < 0 && !signed {
		f.fail(name, value, "seconds, or like 1h30m")
		return 0
	}
	return d
}

func duration(value any) (time.Duration, error) {
	text, is := value.(string)
	if is = is && strings.TrimSpace(text) != ""; is {
		if _, err := number(text); err != nil {
			return spelled(strings.TrimSpace(text))
		}
	} else if value == "" {
		return 0, nil
	}
	n, err := number(value)
	if err != nil || n > math.MaxInt64/int64(time.Second) || n < math.MinInt64/int64(time.Second) {
		return 0, fault.Unable("it is no time")
	}
	return time.Duration(n) * time.Second, nil
}

// spelled is a time with units; Vault takes days too, and cuts below a second.
func spelled(text string) (time.Duration, error) {
	if days, is := strings.CutSuffix(text, "d"); is {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil || n > 100_000 || n < -100_000 {
			return 0, fault.Unable("it is no number of days")
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	return d.Truncate(time.Second), err
}

// blocks of addresses, or single ones.
func (f *fields) blocks(name string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range f.list(name) {
		block, err := blockOf(text)
		if err != nil {
			f.fail(name, text, "addresses, or blocks like 10.0.0.0/8")
			return nil
		}
		list = append(list, block)
	}
	return list
}

func blockOf(text string) (netip.Prefix, error) {
	if block, err := netip.ParsePrefix(text); err == nil {
		if block.Addr().Is4In6() {
			return netip.Prefix{}, fault.Unable("it mixes versions")
		}
		return block.Masked(), nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" || address.Is4In6() {
		return netip.Prefix{}, fault.Unable("it is no address")
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}

// table is a map, nil where nothing is said.
func (f *fields) table(name string) map[string]any {
	value := f.get(name)
	if value == nil {
		return nil
	}
	table, is := value.(map[string]any)
	if !is {
		f.fail(name, value, "a map")
	}
	return table
}

// rest are the values that were not asked for, in a form in which equal ones
// are equal.
func (f *fields) rest() map[string]string {
	rest := map[string]string{}
	for name, value := range f.values {
		if !f.asked[name] {
			if text := plain(value); text != "" {
				rest[name] = text
			}
		}
	}
	return rest
}

// plain is a value as text: numbers alike however they were read, and nothing
// for what is empty.
func plain(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case bool:
		if !value {
			return ""
		}
	case []any:
		if len(value) == 0 {
			return ""
		}
	case []string:
		if len(value) == 0 {
			return ""
		}
	case map[string]any:
		if len(value) == 0 {
			return ""
		}
	default:
		if n, err := number(value); err == nil {
			return strconv.FormatInt(n, 10)
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
