package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	coordination "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// LockName is the Lease that one deploy an environment holds.
const LockName = "clawql-deploy-lock"

const (
	leaseDuration = 15 * time.Second // without a renewal for so long, the holder counts as dead
	renewEvery    = 4 * time.Second
)

// ErrDeposed is the cause of a context whose lock somebody else took.
var ErrDeposed = errors.New("another process took the deploy lock")

// Holder is who holds the lock, as the Lease tells.
type Holder struct {
	Identity string    // who and where, for people and for Dead
	Since    time.Time // of this holder's acquisition
	Renewed  time.Time
	Fence    int64 // grows by one with each holder
}

// Lock is the held Lease. Fence goes into every write that moves traffic.
type Lock struct {
	Fence int64

	cluster *Cluster
	me      string
	lost    context.CancelCauseFunc
	stop    chan struct{}
	stopped chan struct{}
}

// CurrentHolder reads the lock; nil where nobody holds it.
func (c *Cluster) CurrentHolder(ctx context.Context) (*Holder, error) {
	lease, err := c.lease(ctx)
	if err != nil || lease == nil {
		return nil, err
	}
	return holderOf(lease), nil
}

func (c *Cluster) lease(ctx context.Context) (*coordination.Lease, error) {
	lease, err := c.typed.CoordinationV1().Leases(c.Namespace).Get(ctx, LockName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return lease, c.Explain("reading the deploy lock", err)
}

func holderOf(lease *coordination.Lease) *Holder {
	if ptr.Deref(lease.Spec.HolderIdentity, "") == "" {
		return nil
	}
	h := &Holder{Identity: *lease.Spec.HolderIdentity, Fence: int64(ptr.Deref(lease.Spec.LeaseTransitions, 0))}
	if lease.Spec.AcquireTime != nil {
		h.Since = lease.Spec.AcquireTime.Time
	}
	if lease.Spec.RenewTime != nil {
		h.Renewed = lease.Spec.RenewTime.Time
	}
	return h
}

// Held is the error for a lock in somebody else's hands.
func (h Holder) Held(environment string) error {
	return fault.Unable("another deploy holds the lock of %s since %s: %s", environment, h.Since.UTC().Format(time.RFC3339), h.Identity).
		Hint("follow it: kubectl clawql deploy status %s --watch", environment).
		Hint("end it: kubectl clawql deploy abort %s --reason ...", environment)
}

// Acquire takes the lock as identity. dead tells whether a holder's process
// is known to be gone; a holder that is not and that renewed lately keeps it.
// steal takes it in any case: only an abort does. The context that comes back
// ends with ErrDeposed when the lock is lost.
func (c *Cluster) Acquire(ctx context.Context, environment, identity string, dead func(identity string) bool, steal bool) (*Lock, context.Context, error) {
	for {
		lease, err := c.lease(ctx)
		if err != nil {
			return nil, nil, err
		}
		if lease != nil && !steal {
			if err := c.free(ctx, environment, lease, dead); err != nil {
				return nil, nil, err
			}
		}
		fence, err := c.write(ctx, lease, identity)
		if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
			continue // somebody was faster: look again who it was
		}
		if err != nil {
			return nil, nil, c.Explain("taking the deploy lock", err)
		}
		lock := &Lock{Fence: fence, cluster: c, me: identity, stop: make(chan struct{}), stopped: make(chan struct{})}
		held, lost := context.WithCancelCause(ctx)
		lock.lost = lost
		go lock.keep()
		return lock, held, nil
	}
}

// free waits, at most one lease duration, until the holder counts as dead.
// The lease's clock is not ours: only a lease that stands unchanged for its
// whole duration by our clock has expired.
func (c *Cluster) free(ctx context.Context, environment string, lease *coordination.Lease, dead func(string) bool) error {
	holder := holderOf(lease)
	if holder == nil || dead(holder.Identity) {
		return nil
	}
	if time.Since(holder.Renewed) < leaseDuration {
		return holder.Held(environment)
	}
	for deadline := time.Now().Add(leaseDuration); time.Now().Before(deadline); {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
		now, err := c.lease(ctx)
		if err != nil {
			return err
		}
		if now == nil {
			return nil
		}
		if now.ResourceVersion != lease.ResourceVersion {
			if h := holderOf(now); h != nil {
				return h.Held(environment)
			}
			return nil
		}
	}
	return nil
}

func (c *Cluster) write(ctx context.Context, old *coordination.Lease, identity string) (int64, error) {
	now := metav1.NowMicro()
	fence := int32(1)
	lease := &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: LockName, Namespace: c.Namespace}}
	if old != nil {
		lease = old.DeepCopy()
		fence = ptr.Deref(old.Spec.LeaseTransitions, 0) + 1
	}
	lease.Spec = coordination.LeaseSpec{HolderIdentity: &identity, LeaseDurationSeconds: ptr.To(int32(leaseDuration / time.Second)),
		AcquireTime: &now, RenewTime: &now, LeaseTransitions: &fence}
	leases := c.typed.CoordinationV1().Leases(c.Namespace)
	if old == nil {
		_, err := leases.Create(ctx, lease, metav1.CreateOptions{FieldManager: FieldManager})
		return int64(fence), err
	}
	_, err := leases.Update(ctx, lease, metav1.UpdateOptions{FieldManager: FieldManager})
	return int64(fence), err
}

// keep renews until released; a lease in other hands ends the deploy's context.
func (l *Lock) keep() {
	defer close(l.stopped)
	for {
		select {
		case <-l.stop:
			return
		case <-time.After(renewEvery):
			l.renew()
		}
	}
}

func (l *Lock) renew() {
	ctx, cancel := context.WithTimeout(context.Background(), renewEvery)
	defer cancel()
	lease, err := l.cluster.lease(ctx)
	if err != nil {
		return // the server is away: fencing guards what follows, and the next try comes
	}
	if lease == nil || ptr.Deref(lease.Spec.HolderIdentity, "") != l.me || int64(ptr.Deref(lease.Spec.LeaseTransitions, 0)) != l.Fence {
		l.lost(ErrDeposed)
		return
	}
	now := metav1.NowMicro()
	lease.Spec.RenewTime = &now
	_, _ = l.cluster.typed.CoordinationV1().Leases(l.cluster.Namespace).Update(ctx, lease, metav1.UpdateOptions{FieldManager: FieldManager})
}

// Check asks the server whether the lock is still ours.
func (l *Lock) Check(ctx context.Context) error {
	holder, err := l.cluster.CurrentHolder(ctx)
	if err != nil {
		return err
	}
	if holder == nil || holder.Identity != l.me || holder.Fence != l.Fence {
		return fmt.Errorf("writing as holder %d of the deploy lock: %w", l.Fence, ErrDeposed)
	}
	return nil
}

// Release gives the lock back, where it is still ours. The Lease stays, so
// that the fence keeps growing.
func (l *Lock) Release() {
	close(l.stop)
	<-l.stopped
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	lease, err := l.cluster.lease(ctx)
	if err != nil || lease == nil || ptr.Deref(lease.Spec.HolderIdentity, "") != l.me {
		return
	}
	lease.Spec.HolderIdentity, lease.Spec.RenewTime, lease.Spec.AcquireTime = nil, nil, nil
	_, _ = l.cluster.typed.CoordinationV1().Leases(l.cluster.Namespace).Update(ctx, lease, metav1.UpdateOptions{FieldManager: FieldManager})
}
