package cluster

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// away marks an error of a server that could not be reached.
type away struct{ error }

func (a away) Unwrap() error { return a.error }

// Away says whether err may pass by itself: the API server was not reached,
// or said that it cannot answer now.
func Away(err error) bool {
	var unreached away
	return errors.As(err, &unreached) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err)
}

// flapLimit bounds how long one write waits for an API server that is away:
// a leader election of etcd, or one of several API servers restarting.
const flapLimit = 20 * time.Second

// again asks until the server answers, at most flapLimit. Only for what may be
// asked twice.
func again(ctx context.Context, ask func() error) error {
	deadline := time.Now().Add(flapLimit)
	for {
		err := ask()
		if err == nil || !Away(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(250 * time.Millisecond):
		}
	}
}
