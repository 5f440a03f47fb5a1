package secretscan

import (
	"math/rand"
	"testing"
)

// Texts with bytes changed, cut and doubled at random: what the fuzz target
// looks for, with a fixed seed and in each run of the tests.
func TestSameAsGitleaksOnMutatedFiles(t *testing.T) {
	all, random := examples(t), rand.New(rand.NewSource(4))
	found := 0
	for range 150 {
		text := []byte(sourceFile(random, all, 8))
		for range 1 + random.Intn(30) {
			at := random.Intn(len(text) + 1)
			switch random.Intn(4) {
			case 0:
				text = append(text[:at:at], append([]byte{byte(random.Intn(256))}, text[at:]...)...)
			case 1:
				text = append(text[:at:at], text[min(len(text), at+random.Intn(20)):]...)
			case 2:
				text = append(text[:at:at], append([]byte(unusual[:2+random.Intn(3)]), text[at:]...)...)
			case 3:
				text = append(text[:at:at], append([]byte("\n\n%41 key = "), text[at:]...)...)
			}
		}
		found += same(t, "src/m.go", string(text))
	}
	if found < 50 {
		t.Errorf("the files gave %d findings only", found)
	}
}
