package deploy

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Inputs is what a command hands to the engine.
type Inputs struct {
	Dir         string // somewhere in the repository
	Environment string
	Getter      cluster.Getter
	KubeContext string // explicit --context; empty: the kubeconfig's current one
	Now         func() time.Time
	Report      Reporter
}

// engine carries one deploy through its phases.
type engine struct {
	Inputs
	project *project.Project
	env     project.Environment
	cluster *cluster.Cluster
	source  source
	desired *desired
	lessons *canary.Learned // how blocks clump, from the last promoted deploy

	*journal
	route *cluster.Route
}

// source is the commit that is deployed.
type source struct {
	commit Commit
	root   string
}

func (e *engine) step(phase Phase, format string, args ...any) {
	e.Report.Step(Step{Phase: phase, Detail: fmt.Sprintf(format, args...)})
}

func (e *engine) gateway() string { return e.project.Gateway.Name }

func (e *engine) fence() string { return strconv.FormatInt(e.lock.Fence, 10) }

// newRoute is the mover of weights, under the lock's fence.
func (e *engine) newRoute() *cluster.Route {
	return e.cluster.NewRoute(e.gateway(), e.gateway(), canaryName(e.gateway()), e.lock.Fence)
}

// lasting is a context for what must be finished although ctx was cancelled:
// a rollback outlives the interrupt.
func lasting(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}

// until polls check until it is true; false with the last text when limit
// has passed. An API server that is away for a while is waited for.
func until(ctx context.Context, limit, every time.Duration, check func(context.Context) (bool, string, error)) (bool, string, error) {
	deadline := time.Now().Add(limit)
	for {
		done, text, err := check(ctx)
		if done || (err != nil && !cluster.Away(err)) || time.Now().After(deadline) {
			return done, text, err
		}
		select {
		case <-ctx.Done():
			return false, text, context.Cause(ctx)
		case <-time.After(every):
		}
	}
}

// persist does what a rollback must, again and again while the API server is
// away, until ctx ends.
func persist(ctx context.Context, do func(context.Context) error) error {
	for {
		err := do(ctx)
		if !cluster.Away(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}
