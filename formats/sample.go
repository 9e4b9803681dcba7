package formats

import (
	"math"
	"slices"
	"unicode/utf8"
)

const (
	// maxSample bounds the values from which quantiles are taken; there are more
	// than half as many if the column has that many. That leaves ranks an error of
	// some 0.8 %.
	maxSample = 8192

	// quantiles is the number of parts into which they divide the values.
	quantiles = 20

	// maxQuantileText is what is kept of a text, in bytes. Where texts differ later
	// they count as one.
	maxQuantileText = 32

	// noKey stands for a NaN, which has no rank. It is the key of no other float.
	noKey = math.MaxUint64
)

// A sample keeps one value of each group of 2^level that follow each other, so
// that its quantiles are about those of all: SPEC.md, section 9. Which one it
// keeps depends on the number of the group alone, as if by tossing a coin between
// the two groups of the level below. So nothing shows of batches, and columns in
// which values come again and again are sampled as well as any.
type sample struct {
	level int
	group int64 // whose value is the next to keep
	next  int64 // its number
	seen  int64 // values

	// What is kept, by group: one of them is used.
	keys  []uint64 // in the order of numbers of up to 8 bytes
	texts [][]byte // all other values
}

// wanted reports where the next value to keep is among the n values to come.
func (s *sample) wanted(n int) (at int, ok bool) {
	at = int(s.next - s.seen)
	return at, at < n
}

// keepKey keeps the wanted value.
func (s *sample) keepKey(key uint64) {
	s.keys = append(s.keys, key)
	if len(s.keys) == maxSample {
		s.keys = halve(s.keys, s.level+1)
		s.rise()
	}
	s.advance()
}

// keepText keeps the wanted value.
func (s *sample) keepText(value []byte) {
	s.texts = append(s.texts, slices.Clone(value))
	if len(s.texts) == maxSample {
		s.texts = halve(s.texts, s.level+1)
		s.rise()
	}
	s.advance()
}

// halve keeps one value of each pair.
func halve[T any](values []T, level int) []T {
	kept := values[:0]
	for i := 0; i < len(values); i += 2 {
		kept = append(kept, values[i+coin(level, int64(i/2))])
	}
	return kept
}

func (s *sample) rise() {
	s.level++
	s.group /= 2
}

func (s *sample) advance() {
	s.group++
	s.next = s.group
	for level := s.level; level > 0; level-- {
		s.next = 2*s.next + int64(coin(level, s.next))
	}
}

// coin says which half of a group its value is in, 0 or 1.
func coin(level int, group int64) int {
	return int(xxh3Of8(uint64(group)<<6|uint64(level)) >> 63)
}

// ranked sorts what was kept, and returns the ones at the quantiles.
func ranked[T any](values []T, compare func(a, b T) int) []T {
	if len(values) == 0 {
		return nil
	}
	slices.SortFunc(values, compare)
	at := make([]T, quantiles-1)
	for i := range at {
		at[i] = values[((i+1)*len(values)+quantiles-1)/quantiles-1]
	}
	return at
}

// clipText cuts a text between two characters.
func clipText(v []byte) []byte {
	if len(v) <= maxQuantileText {
		return v
	}
	n := maxQuantileText
	for n > 0 && !utf8.RuneStart(v[n]) {
		n--
	}
	return v[:n]
}
