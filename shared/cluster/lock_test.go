package cluster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func alive(string) bool { return false }
func gone(string) bool  { return true }

func acquire(t *testing.T, c *Cluster, who string, dead func(string) bool, steal bool) (*Lock, context.Context) {
	t.Helper()
	lock, held, err := c.Acquire(context.Background(), "production", who, dead, steal)
	must(t, err)
	return lock, held
}

func TestLockIsOneHoldersAndItsNumberGrows(t *testing.T) {
	c, ctx := connect(t), context.Background()
	a, held := acquire(t, c, "a", alive, false)
	if a.Fence != 1 || held.Err() != nil {
		t.Fatalf("fence %d, %v", a.Fence, held.Err())
	}
	_, _, err := c.Acquire(ctx, "production", "b", alive, false)
	if fault.Code(err) != fault.CodeUnable || !strings.Contains(err.Error(), "another deploy holds the lock of production since") || !strings.Contains(err.Error(), ": a") {
		t.Errorf("second holder: %v", err)
	}
	a.Release()
	if held.Err() == nil {
		t.Error("a released lock's context goes on")
	}
	if holder, err := c.CurrentHolder(ctx); holder != nil || err != nil {
		t.Errorf("after the release: %v, %v", holder, err)
	}
	b, _ := acquire(t, c, "b", alive, false)
	defer b.Release()
	if b.Fence != 2 {
		t.Errorf("fence %d", b.Fence)
	}
}

func TestDeadHolderIsReplacedAtOnce(t *testing.T) {
	c := connect(t)
	a, held := acquire(t, c, "a", alive, false)
	b, _ := acquire(t, c, "b", gone, false)
	defer b.Release()
	soon(t, "the loss of the lock", func() bool { return errors.Is(context.Cause(held), ErrDeposed) })
	if err := a.Check(context.Background()); !errors.Is(err, ErrDeposed) {
		t.Errorf("check of the deposed: %v", err)
	}
	must(t, b.Check(context.Background()))
	a.Release() // must not free b's lock
	must(t, b.Check(context.Background()))
	if holder, err := c.CurrentHolder(context.Background()); err != nil || holder == nil || holder.Identity != "b" {
		t.Errorf("%v, %v", holder, err)
	}
}

func TestAbortStealsFromTheLiving(t *testing.T) {
	c := connect(t)
	a, held := acquire(t, c, "a", alive, false)
	defer a.Release()
	b, _ := acquire(t, c, "b", alive, true)
	defer b.Release()
	if b.Fence != a.Fence+1 {
		t.Errorf("fences %d and %d", a.Fence, b.Fence)
	}
	soon(t, "the loss of the lock", func() bool { return errors.Is(context.Cause(held), ErrDeposed) })
}

// setRenewed writes the lease as a holder whose clock says at.
func setRenewed(t *testing.T, c *Cluster, who string, at time.Time) {
	t.Helper()
	leases := c.typed.CoordinationV1().Leases(c.Namespace)
	lease, err := leases.Get(context.Background(), LockName, metav1.GetOptions{})
	must(t, err)
	lease.Spec.HolderIdentity, lease.Spec.RenewTime, lease.Spec.AcquireTime = &who, ptr.To(metav1.NewMicroTime(at)), ptr.To(metav1.NewMicroTime(at))
	_, err = leases.Update(context.Background(), lease, metav1.UpdateOptions{})
	must(t, err)
}

// A holder on another machine that died, whatever its clock said, is waited
// for one lease duration by our clock, and no longer.
func TestSilentHolderExpiresWhateverItsClockSays(t *testing.T) {
	for name, skew := range map[string]time.Duration{"behind": -time.Hour, "ahead": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t)
			a, _ := acquire(t, c, "a", alive, false)
			a.Release()
			setRenewed(t, c, "on another machine", time.Now().Add(skew))
			started := time.Now()
			b, _ := acquire(t, c, "b", alive, false)
			defer b.Release()
			if waited := time.Since(started); waited < leaseDuration {
				t.Errorf("taken after %s only: the holder had no time to show itself", waited)
			}
		})
	}
}

// A holder whose clock is wrong but that renews keeps the lock.
func TestRenewingHolderWithAWrongClockKeepsTheLock(t *testing.T) {
	t.Parallel()
	c := connect(t)
	a, _ := acquire(t, c, "a", alive, false)
	defer a.Release()
	setRenewed(t, c, "a", time.Now().Add(-time.Hour))
	if _, _, err := c.Acquire(context.Background(), "production", "b", alive, false); err == nil || !strings.Contains(err.Error(), "holds the lock") {
		t.Errorf("%v", err)
	}
}

// Somebody deletes the Lease to "unlock": the holder writes it anew and goes
// on, and the fence does not begin at 1 where a route remembers more.
func TestDeletedLeaseIsNoNewHolder(t *testing.T) {
	c, ctx := connect(t), context.Background()
	a, held := acquire(t, c, "a", alive, false)
	must(t, c.typed.CoordinationV1().Leases(c.Namespace).Delete(ctx, LockName, metav1.DeleteOptions{}))
	soon(t, "the lease's return", func() bool { holder, err := c.CurrentHolder(ctx); return err == nil && holder != nil })
	if held.Err() != nil {
		t.Errorf("the holder gave up: %v", context.Cause(held))
	}
	must(t, a.Check(ctx))
	a.Release()

	putRoute(t, c, 41, 100, 0)
	must(t, c.typed.CoordinationV1().Leases(c.Namespace).Delete(ctx, LockName, metav1.DeleteOptions{}))
	b, _ := acquire(t, c, "b", alive, false)
	defer b.Release()
	if b.Fence != 42 {
		t.Errorf("fence %d, although the route knows 41", b.Fence)
	}
}

func TestCancelledWaitForALockEnds(t *testing.T) {
	t.Parallel()
	c := connect(t)
	a, _ := acquire(t, c, "a", alive, false)
	a.Release()
	setRenewed(t, c, "on another machine", time.Now().Add(-time.Hour))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if _, _, err := c.Acquire(ctx, "production", "b", alive, false); err == nil {
		t.Error("the lock was taken by a cancelled caller")
	}
}
