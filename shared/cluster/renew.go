package cluster

import (
	"context"
	"fmt"
	"time"

	coordination "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

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
	if lease == nil {
		l.restore(ctx)
		return
	}
	if !l.holds(lease) {
		l.lost(ErrDeposed)
		return
	}
	now := metav1.NowMicro()
	lease.Spec.RenewTime = &now
	_, _ = l.cluster.typed.CoordinationV1().Leases(l.cluster.Namespace).Update(ctx, lease, metav1.UpdateOptions{FieldManager: FieldManager})
}

// restore writes the Lease anew where somebody deleted it: a deleted Lease is
// no new holder, and a canary must not lose its watcher over it. Somebody
// faster than this is the new holder, which the next renewal sees.
func (l *Lock) restore(ctx context.Context) {
	now := metav1.NowMicro()
	lease := &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: LockName, Namespace: l.cluster.Namespace},
		Spec: coordination.LeaseSpec{HolderIdentity: &l.me, LeaseDurationSeconds: ptr.To(int32(leaseDuration / time.Second)),
			AcquireTime: &now, RenewTime: &now, LeaseTransitions: ptr.To(int32(l.Fence))}}
	_, _ = l.cluster.typed.CoordinationV1().Leases(l.cluster.Namespace).Create(ctx, lease, metav1.CreateOptions{FieldManager: FieldManager})
}

// Check asks the server whether the lock is still ours; ErrDeposed when
// somebody else took it since, one who has given it back included. A Lease
// that is not there is nobody's.
func (l *Lock) Check(ctx context.Context) error {
	lease, err := l.cluster.lease(ctx)
	if err != nil {
		return err
	}
	if lease != nil && !l.holds(lease) {
		return fmt.Errorf("writing as holder %d of the deploy lock: %w", l.Fence, ErrDeposed)
	}
	return nil
}

func (l *Lock) holds(lease *coordination.Lease) bool {
	return ptr.Deref(lease.Spec.HolderIdentity, "") == l.me && int64(ptr.Deref(lease.Spec.LeaseTransitions, 0)) == l.Fence
}

// Release gives the lock back, where it is still ours. The Lease stays, so
// that the fence keeps growing.
func (l *Lock) Release() {
	close(l.stop)
	<-l.stopped
	l.lost(context.Canceled)
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	for ctx.Err() == nil && !l.released(ctx) {
		time.Sleep(100 * time.Millisecond)
	}
}

// released says whether nothing is left to give back.
func (l *Lock) released(ctx context.Context) bool {
	lease, err := l.cluster.lease(ctx)
	if err != nil {
		return false
	}
	if lease == nil || !l.holds(lease) {
		return true
	}
	lease.Spec.HolderIdentity, lease.Spec.RenewTime, lease.Spec.AcquireTime = nil, nil, nil
	_, err = l.cluster.typed.CoordinationV1().Leases(l.cluster.Namespace).Update(ctx, lease, metav1.UpdateOptions{FieldManager: FieldManager})
	return err == nil
}
