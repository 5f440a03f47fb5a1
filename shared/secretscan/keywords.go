package secretscan

import "sort"

// keywords finds all of a set of lower-case words in one pass, ASCII letters
// of the text in either case (an Aho-Corasick automaton with its failure
// links resolved, over classes of bytes). Words with other bytes than ASCII
// match only as they are written.
type keywords struct {
	class   [256]uint8
	classes int
	next    []int32   // state*classes + class; states with words are marked by a minus
	words   [][]int32 // of a state: the words that end there
	lengths []int
}

func newKeywords(list []string) *keywords {
	k := &keywords{classes: 1}
	for _, word := range list {
		k.lengths = append(k.lengths, len(word))
		for i := range len(word) {
			if k.class[word[i]] == 0 {
				k.class[word[i]] = uint8(k.classes)
				k.classes++
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		k.class[c] = k.class[c+'a'-'A']
	}
	most := 1
	for _, length := range k.lengths {
		most += length
	}
	k.next = make([]int32, 0, most*k.classes)
	k.words = make([][]int32, 0, most)
	k.grow(list)
	k.link()
	return k
}

// grow makes the trie; 0 is the root and also "no child yet".
func (k *keywords) grow(list []string) {
	k.addState()
	for id, word := range list {
		at := 0
		for i := range len(word) {
			cell := at*k.classes + int(k.class[word[i]])
			if k.next[cell] == 0 {
				k.next[cell] = int32(k.addState())
			}
			at = int(k.next[cell])
		}
		k.words[at] = append(k.words[at], int32(id))
	}
}

func (k *keywords) addState() int {
	k.next = k.next[:len(k.next)+k.classes] // newKeywords has made room
	k.words = append(k.words, nil)
	return len(k.words) - 1
}

// link turns the trie into an automaton, breadth first, and marks the states
// where words end.
func (k *keywords) link() {
	fail := make([]int32, len(k.words))
	queue := []int32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for c := range k.classes {
			cell := int(at)*k.classes + c
			child, back := k.next[cell], int32(0)
			if at != 0 {
				back = k.next[int(fail[at])*k.classes+c]
			}
			if child == 0 {
				k.next[cell] = back
				continue
			}
			fail[child] = back
			k.words[child] = append(k.words[child], k.words[back]...)
			queue = append(queue, child)
		}
	}
	for cell, state := range k.next {
		if len(k.words[state]) > 0 {
			k.next[cell] = -state
		}
	}
}

// hit is a word at a place.
type hit struct {
	word int32
	span
}

// find tells each hit, in the order of their ends.
func (k *keywords) find(text string, tell func(hit)) {
	state := int32(0)
	for i := range len(text) {
		state = k.next[int(state)*k.classes+int(k.class[text[i]])]
		if state < 0 {
			state = -state
			for _, word := range k.words[state] {
				tell(hit{word, span{i + 1 - k.lengths[word], i + 1}})
			}
		}
	}
}

// distinct gives the words without repetition, sorted.
func distinct(words []string) []string {
	seen := map[string]bool{}
	var all []string
	for _, word := range words {
		if !seen[word] {
			seen[word] = true
			all = append(all, word)
		}
	}
	sort.Strings(all)
	return all
}
