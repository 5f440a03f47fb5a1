package project

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a time.Duration written as Go writes it: 30m, 1h30m, 20s.
type Duration time.Duration

// UnmarshalJSON refuses numbers: nobody can tell their unit.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("duration %s is no text with a unit, such as 30m or 20s", data)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("duration %q is not one such as 30m or 20s", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalJSON writes the form that UnmarshalJSON reads.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

func (d Duration) String() string { return time.Duration(d).String() }

// Date is a day in UTC, written 2027-02-01.
type Date time.Time

// UnmarshalJSON reads a day; YAML may have made a timestamp of it already.
func (d *Date) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("date %s is not of the form 2027-02-01", data)
	}
	parsed, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return fmt.Errorf("date %q is not of the form 2027-02-01", text)
	}
	*d = Date(parsed)
	return nil
}

// MarshalJSON writes the form that UnmarshalJSON reads.
func (d Date) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

func (d Date) String() string { return time.Time(d).Format(time.DateOnly) }
