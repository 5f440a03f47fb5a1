package session

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// bootTime is the time since the machine started, sleep included.
func bootTime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// alarm sends once when the boot clock reaches at. After a sleep that lasted
// past it, that is at once.
func alarm(at time.Duration) (<-chan struct{}, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	when := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(at))}
	if err := unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME, &when, nil); err != nil {
		unix.Close(fd)
		return nil, err
	}
	timer := os.NewFile(uintptr(fd), "timerfd")
	rung := make(chan struct{})
	go func() {
		defer timer.Close()
		timer.Read(make([]byte, 8))
		close(rung)
	}()
	return rung, nil
}
