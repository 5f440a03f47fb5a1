package secretscan

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// The two ways to look for stop words give the same answers.
func TestStopWordsInTurnAndSorted(t *testing.T) {
	words := []string{"x", "key", "keys", "secret", "ke", "12"}
	random, found := rand.New(rand.NewSource(8)), 0
	for range 2000 {
		text := make([]byte, random.Intn(12))
		for i := range text {
			text[i] = "keysectr12xb"[random.Intn(12)]
		}
		want := slices.ContainsFunc(words, func(word string) bool { return strings.Contains(string(text), word) })
		if got := sortWords(words).in(string(text)); got != want {
			t.Fatalf("%q: %t, want %t", text, got, want)
		}
		if want {
			found++
		}
	}
	if found < 100 || found > 1900 {
		t.Errorf("%d of 2000 have a word: the test says little", found)
	}
}

func TestStopWordsStayWhateverTheNumberOfLooks(t *testing.T) {
	a := newAllowlist(allowSpec{StopWords: []string{"Example"}})
	for i := range 3 * fewLooks {
		if !a.hasWord("my-EXAMPLE-key") || a.hasWord("my-exam-key") || a.hasWord("") {
			t.Fatalf("look %d is wrong", i+1)
		}
	}
}
