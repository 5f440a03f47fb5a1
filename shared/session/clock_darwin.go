package session

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootTime is the time since the machine started, sleep included: so counts
// macOS's CLOCK_MONOTONIC.
func bootTime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// look is how often the clock is read: macOS's timers stand still in a sleep.
const look = 500 * time.Millisecond

// alarm sends once when the boot clock has reached at.
func alarm(at time.Duration) (<-chan struct{}, error) {
	rung := make(chan struct{})
	go func() {
		for bootTime() < at {
			time.Sleep(min(look, max(at-bootTime(), time.Millisecond)))
		}
		close(rung)
	}()
	return rung, nil
}
