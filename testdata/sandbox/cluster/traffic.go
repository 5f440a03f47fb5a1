package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"github.com/clawql/clawql-workbench/testdata/sandbox/nest"
)

const trafficName = "traffic"

// Traffic says which clients to pretend.
type Traffic struct {
	Rate     float64 // tool calls a second, of all together
	Sessions int     // at once
	Hostile  float64 // percent of the calls that Panguard blocks
	Burst    int     // hostile calls that one hostile session makes
	Host     string  // Host header; empty: the URL's
	Path     string  // of the MCP endpoint
}

// StartTraffic runs the clients until StopTraffic, or until the sandbox ends.
func StartTraffic(ctx context.Context, l *ledger.Ledger, programs Programs, t Traffic) error {
	keeper := nest.Client{Dir: l.Dir}
	err := keeper.Start(ctx, trafficName, nil, programs.Sandbox, "traffic-run",
		"--url", GatewayURL(l)+t.Path, "--host", t.Host, "--admin", trafficAddress(l),
		"--rate", fmt.Sprint(t.Rate), "--sessions", fmt.Sprint(t.Sessions),
		"--hostile", fmt.Sprint(t.Hostile), "--burst", fmt.Sprint(t.Burst))
	if err != nil {
		return err
	}
	return await(ctx, "traffic to begin", func(ctx context.Context) error {
		if _, err := TrafficStats(ctx, l); err == nil {
			return nil
		}
		return trafficRuns(ctx, keeper)
	})
}

// StopTraffic lets the calls in flight end and returns the final counts, as JSON.
func StopTraffic(ctx context.Context, l *ledger.Ledger) (json.RawMessage, error) {
	keeper := nest.Client{Dir: l.Dir}
	if err := keeper.Stop(ctx, trafficName, 15*time.Second); err != nil {
		return nil, err
	}
	last := json.RawMessage(tail(l.Path("logs", trafficName+".log"), 1))
	if !json.Valid(last) {
		return nil, fmt.Errorf("traffic ended without its counts: %s", last)
	}
	return last, nil
}

// TrafficStats returns the counts so far, as JSON.
func TrafficStats(ctx context.Context, l *ledger.Ledger) (json.RawMessage, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+trafficAddress(l)+"/stats", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking for the traffic's counts (does it run? `sandbox traffic start`): %w", err)
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// trafficRuns tells a start that takes its time from one that failed.
func trafficRuns(ctx context.Context, keeper nest.Client) error {
	daemons, err := keeper.List(ctx)
	if err != nil {
		return err
	}
	for _, d := range daemons {
		if d.Name == trafficName && !d.Running {
			return fmt.Errorf("traffic ended (%s): %s", d.Exit, tail(keeper.Dir+"/logs/"+trafficName+".log", 1))
		}
	}
	return fmt.Errorf("traffic does not answer yet")
}

func trafficAddress(l *ledger.Ledger) string { return fmt.Sprintf("127.0.0.1:%d", l.Ports["traffic"]) }
