package node

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestRoutes(t *testing.T) {
	hex := func(a, b, c, d byte) string {
		return fmt.Sprintf("%08X", binary.NativeEndian.Uint32([]byte{a, b, c, d}))
	}
	text := "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
		"eth0\t" + hex(0, 0, 0, 0) + "\t" + hex(192, 0, 2, 1) + "\t0003\t0\t0\t0\t" + hex(0, 0, 0, 0) + "\t0\t0\t0\n" +
		"tun0\t" + hex(10, 144, 0, 0) + "\t00000000\t0001\t0\t0\t0\t" + hex(255, 255, 0, 0) + "\t0\t0\t0\n"
	file := filepath.Join(t.TempDir(), "route")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := routes(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].String() != "10.144.0.0/16" {
		t.Errorf("routes = %v, want 10.144.0.0/16 and no default route", got)
	}
}
