package deploy

import (
	"context"
	"fmt"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// Status is how an environment stands (kind DeployStatus).
type Status struct {
	APIVersion   string          `json:"apiVersion"`
	Kind         string          `json:"kind"`
	Environment  string          `json:"environment"`
	Context      string          `json:"context"`
	Namespace    string          `json:"namespace"`
	Gateway      string          `json:"gateway"`
	StableWeight int64           `json:"stableWeight"`
	CanaryWeight int64           `json:"canaryWeight"`
	Stable       string          `json:"stable"` // pods ready
	Canary       string          `json:"canary,omitempty"`
	Image        string          `json:"image,omitempty"` // digest that stable serves
	Holder       *cluster.Holder `json:"holder,omitempty"`
	Newest       *Record         `json:"newest,omitempty"`
}

// Watcher reads an environment's status again and again over one connection.
type Watcher struct{ e *engine }

// Watch connects for reading. It needs a clawql.yaml in HEAD, and no rights
// to write.
func Watch(ctx context.Context, in Inputs) (*Watcher, error) {
	e, err := connect(ctx, in)
	if err != nil {
		return nil, err
	}
	return &Watcher{e}, nil
}

// Status reads how the environment stands now.
func (w *Watcher) Status(ctx context.Context) (*Status, error) {
	e := w.e
	s := &Status{APIVersion: "clawql.io/v1alpha1", Kind: "DeployStatus", Environment: e.Environment,
		Context: e.cluster.Context, Namespace: e.env.Namespace, Gateway: e.gateway()}
	records, err := e.cluster.Records(ctx)
	if err != nil {
		return nil, err
	}
	if len(records) > 0 {
		s.Newest = mustDecode(records[0])
	}
	if s.Holder, err = e.cluster.CurrentHolder(ctx); err != nil {
		return nil, err
	}
	route := e.cluster.NewRoute(e.gateway(), e.gateway(), canaryName(e.gateway()), 0)
	if s.StableWeight, s.CanaryWeight, err = route.Weights(ctx); err != nil {
		return nil, err
	}
	live, err := e.cluster.Get(ctx, e.gatewayRef())
	if err != nil {
		return nil, err
	}
	if live != nil {
		s.Image = digestOf(gatewayImage(live, e.gateway()))
	}
	s.Stable, err = e.ready(ctx, e.gateway())
	if err != nil {
		return nil, err
	}
	s.Canary, err = e.ready(ctx, canaryName(e.gateway()))
	return s, err
}

func (e *engine) ready(ctx context.Context, name string) (string, error) {
	r, err := e.cluster.Rollout(ctx, name)
	if err != nil || r == nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d ready", r.Ready, r.Desired), nil
}

// History reads the records of an environment, newest first.
func (w *Watcher) History(ctx context.Context) ([]*Record, error) {
	stored, err := w.e.cluster.Records(ctx)
	if err != nil {
		return nil, err
	}
	records := make([]*Record, 0, len(stored))
	for _, s := range stored {
		record, err := decodeRecord(s)
		if err != nil {
			return nil, fault.Unable("record %d cannot be read: %w", s.Number, err)
		}
		records = append(records, record)
	}
	return records, nil
}
