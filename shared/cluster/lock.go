package cluster

import (
	"context"
	"errors"
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
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
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

// Fresh says whether the holder renewed within the last lease duration, by
// this machine's clock. A renewal that lies further in the future than that
// comes from a clock that is wrong, and says nothing.
func (h Holder) Fresh() bool {
	age := time.Since(h.Renewed)
	return age < leaseDuration && age > -leaseDuration
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
	if holder.Fresh() {
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
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now := metav1.NowMicro()
	lease := &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: LockName, Namespace: c.Namespace}}
	if old != nil {
		lease = old.DeepCopy()
	}
	fence, err := c.nextFence(ctx, old)
	if err != nil {
		return 0, err
	}
	lease.Spec = coordination.LeaseSpec{HolderIdentity: &identity, LeaseDurationSeconds: ptr.To(int32(leaseDuration / time.Second)),
		AcquireTime: &now, RenewTime: &now, LeaseTransitions: &fence}
	leases := c.typed.CoordinationV1().Leases(c.Namespace)
	if old == nil {
		_, err := leases.Create(ctx, lease, metav1.CreateOptions{FieldManager: FieldManager})
		return int64(fence), err
	}
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{FieldManager: FieldManager})
	return int64(fence), err
}

// nextFence grows even where somebody deleted the Lease: the routes remember
// the highest number that moved their traffic, and refuse a lower one.
func (c *Cluster) nextFence(ctx context.Context, old *coordination.Lease) (int32, error) {
	if old != nil {
		return ptr.Deref(old.Spec.LeaseTransitions, 0) + 1, nil
	}
	highest, err := c.highestFence(ctx)
	return highest + 1, err
}
