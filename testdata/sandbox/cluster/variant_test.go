package cluster

import (
	"slices"
	"testing"
	"time"
)

func TestVariantEnv(t *testing.T) {
	v := Variant{Version: "3", FailFrom: 1, BlockFactor: 1.5, Unready: true, SlowStart: 10 * time.Second}
	want := []string{"SANDBOX_VERSION=3", "SANDBOX_FAIL_FROM=1", "SANDBOX_BLOCK_FACTOR=1.5", "SANDBOX_UNREADY=1", "SANDBOX_SLOW_START=10s"}
	if got := v.Env(); !slices.Equal(got, want) {
		t.Errorf("Env() = %v, want %v", got, want)
	}
	if got := (Variant{Version: "1"}).Env(); !slices.Equal(got, []string{"SANDBOX_VERSION=1"}) {
		t.Errorf("a sound version carries %v", got)
	}
}

func TestVariantCheck(t *testing.T) {
	for _, v := range []Variant{{}, {Version: "a/b"}, {Version: "-1"}, {Version: "1", FailFrom: -1}, {Version: "1", BlockFactor: -2}} {
		if v.check() == nil {
			t.Errorf("%+v passed", v)
		}
	}
	if err := (Variant{Version: "v1.0.0-rc.1"}).check(); err != nil {
		t.Error(err)
	}
}
