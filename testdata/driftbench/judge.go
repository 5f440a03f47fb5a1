package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// truth is how the findings of a report agree with what was seeded.
type truth struct {
	Seeded    int     `json:"seeded"`
	Found     int     `json:"found"`
	Precision float64 `json:"precision"` // of the findings, those that were seeded
	Recall    float64 `json:"recall"`    // of what was seeded, that which was found
}

// judge reads the JSON of a report. A finding counts by its control and its
// object.
func judge(path string, want map[drift]bool) (truth, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return truth{}, err
	}
	var report struct {
		Status     string
		Incomplete []string
		Findings   []struct {
			Control string
			Object  struct{ Kind, Namespace, Name string }
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return truth{}, fmt.Errorf("%s: %w", path, err)
	}
	if should := map[bool]string{true: "equal", false: "drift"}[len(want) == 0]; report.Status != should {
		return truth{}, fmt.Errorf("the report says %s, not %s: %v", report.Status, should, report.Incomplete)
	}
	found := map[drift]bool{}
	for _, f := range report.Findings {
		found[drift{f.Control, f.Object.Kind, f.Object.Namespace, f.Object.Name}] = true
	}
	hits := 0
	for one := range found {
		if want[one] {
			hits++
		}
	}
	return truth{len(want), len(report.Findings), share(hits, len(found)), share(hits, len(want))}, nil
}

// share of nothing is all of it.
func share(part, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(part) / float64(of)
}
