package session

import (
	"testing"
	"time"
)

// After a sleep that lasted past the end, the alarm is set in the past, or was
// passed while nothing ran: it rings at once.
func TestAlarmInThePastRingsAtOnce(t *testing.T) {
	for _, at := range []time.Duration{bootTime() - time.Hour, bootTime(), 1} {
		rung, err := alarm(at)
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-rung:
		case <-time.After(10 * time.Second):
			t.Fatalf("an alarm at %s does not ring at %s", at, bootTime())
		}
	}
}

func TestAlarmWaits(t *testing.T) {
	rung, err := alarm(bootTime() + time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-rung:
		t.Error("rang an hour early")
	case <-time.After(30 * time.Millisecond):
	}
}

// What is left is reckoned on the boot clock, and never below nothing.
func TestLeftCountsASleep(t *testing.T) {
	s := supervisor{deadline: bootTime() + time.Hour}
	if left := s.left(); left > time.Hour || left < 59*time.Minute {
		t.Errorf("%s", left)
	}
	s.deadline = bootTime() - 3*time.Hour // the lid was shut for so long
	if left := s.left(); left != 0 {
		t.Errorf("%s", left)
	}
}
