// Package signals reads what a gateway pod says of itself: the counters of
// its /metrics and the error lines of its log.
package signals

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

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
	request.Header.Set("Accept", "text/plain;version=0.0.4")
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics answered %s", answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxMetrics+1))
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	if len(body) > maxMetrics {
		return nil, fmt.Errorf("metrics are larger than %d MiB", maxMetrics>>20)
	}
	return parse(body, answer.Header.Get("Content-Type"))
}

// parse reads the Prometheus text format, and OpenMetrics by way of it.
func parse(body []byte, contentType string) (map[string]*dto.MetricFamily, error) {
	if strings.HasPrefix(contentType, "application/openmetrics-text") {
		body = plainText(body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("metrics do not parse: %w", err)
	}
	return families, nil
}

func sum(families map[string]*dto.MetricFamily, want Metric, role string) (float64, error) {
	total, found := 0.0, false
	if family := families[want.Name]; family != nil {
		for _, series := range family.Metric {
			if !carries(series, want.Labels) {
				continue
			}
			count, ok := value(series)
			if !ok {
				return 0, fault.Unable("the gateway's metric %s is a %s, but must be a counter", want, strings.ToLower(family.GetType().String())).
					Hint("clawql.yaml: signals.%s.metric", role)
			}
			total, found = total+count, true
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

// value is the series' count; false for a histogram or summary, whose missing
// value would read as a clean zero.
func value(series *dto.Metric) (float64, bool) {
	switch {
	case series.Counter != nil:
		return series.Counter.GetValue(), true
	case series.Untyped != nil: // OpenMetrics counters have their type under a shorter name
		return series.Untyped.GetValue(), true
	case series.Gauge != nil: // a counter that its program declares wrongly
		return series.Gauge.GetValue(), true
	}
	return 0, false
}

func (m Metric) String() string {
	if len(m.Labels) == 0 {
		return m.Name
	}
	return fmt.Sprint(m.Name, m.Labels)
}
