// Package signals reads what a gateway pod says of itself: the counters of
// its /metrics and the error lines of its log.
package signals

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/clawql/clawql-workbench/shared/fault"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metric is a counter whose series are summed, where they carry all of Labels.
type Metric struct {
	Name   string
	Labels map[string]string
}

// Counts are raw cumulative values since the pod's process started.
type Counts struct {
	Requests, Blocks float64
}

// maxMetrics bounds one answer; a gateway's is some 100 KiB.
const maxMetrics = 16 << 20

// Scrape reads url once. A metric that the answer does not have is an error
// that names it (fault.Unable): no data is never taken for zero.
func Scrape(ctx context.Context, client *http.Client, url string, requests, blocks Metric) (Counts, error) {
	families, err := fetch(ctx, client, url)
	if err != nil {
		return Counts{}, err
	}
	var c Counts
	if c.Requests, err = sum(families, requests, "requests"); err != nil {
		return Counts{}, err
	}
	c.Blocks, err = sum(families, blocks, "blocks")
	return c, err
}

func fetch(ctx context.Context, client *http.Client, url string) (map[string]*dto.MetricFamily, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4") // exemplars would not parse
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics answered %s", answer.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(answer.Body, maxMetrics))
	if err != nil {
		return nil, fmt.Errorf("metrics do not parse: %w", err)
	}
	return families, nil
}

func sum(families map[string]*dto.MetricFamily, want Metric, role string) (float64, error) {
	total, found := 0.0, false
	if family := families[want.Name]; family != nil {
		for _, series := range family.Metric {
			if carries(series, want.Labels) {
				total, found = total+value(series), true
			}
		}
	}
	if !found {
		return 0, fault.Unable("the gateway's metrics have no series %s", want).
			Hint("name the counter of %s in clawql.yaml: signals.%s.metric; without it a canary cannot be judged", role, role)
	}
	return total, nil
}

func carries(series *dto.Metric, labels map[string]string) bool {
	matched := 0
	for _, pair := range series.Label {
		if wanted, ok := labels[pair.GetName()]; ok {
			if wanted != pair.GetValue() {
				return false
			}
			matched++
		}
	}
	return matched == len(labels)
}

func value(series *dto.Metric) float64 {
	switch {
	case series.Counter != nil:
		return series.Counter.GetValue()
	case series.Untyped != nil: // OpenMetrics counters have their type under a shorter name
		return series.Untyped.GetValue()
	}
	return series.GetGauge().GetValue()
}

func (m Metric) String() string {
	if len(m.Labels) == 0 {
		return m.Name
	}
	return fmt.Sprint(m.Name, m.Labels)
}
