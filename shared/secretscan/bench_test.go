package secretscan

import (
	"context"
	"math/rand"
	"strings"
	"testing"
)

// BenchmarkScan reads source code without secrets, 500 kB a time.
func BenchmarkScan(b *testing.B) {
	random := rand.New(rand.NewSource(1))
	var text strings.Builder
	for text.Len() < 500_000 {
		text.WriteString(filler[random.Intn(len(filler))] + "\n")
	}
	content := []byte(text.String())
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, err := full().Scan(context.Background(), "a.go", content); err != nil {
			b.Fatal(err)
		}
	}
}
