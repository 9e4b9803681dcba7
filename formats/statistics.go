package formats

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/zeebo/xxh3"
)

// statistics is what is said of a column beside its digest.
type statistics struct {
	bounds
	sample   sample
	distinct *distinct // nil without sketches
}

// fixed looks at values of a fixed width, and returns them as they are to be
// hashed: every NaN as the same one.
func (s *statistics) fixed(values []byte) []byte {
	values = s.bounds.fixed(values)
	if s.distinct == nil {
		return values
	}
	if s.form.class != classBool {
		s.distinct.hashes(values, s.form.width)
	}
	s.keep(len(values)/s.form.width, func(i int) []byte { return values[i*s.form.width:][:s.form.width] })
	return values
}

// keep is told that n values come, and keeps some of them for the quantiles.
func (s *statistics) keep(n int, value func(int) []byte) {
	if s.distinct == nil || s.form.text == nil {
		return
	}
	for {
		i, ok := s.sample.wanted(n)
		if !ok {
			break
		}
		s.keepOne(value(i))
	}
	s.sample.seen += int64(n)
}

func (s *statistics) keepOne(v []byte) {
	switch {
	case s.form.width == 0:
		s.sample.keepText(clipText(v))
	case s.form.width > 8:
		s.sample.keepText(v)
	default:
		s.sample.keepKey(s.key(v))
	}
}

// distinctFixed looks at values that come again and again once.
func (s *statistics) distinctFixed(value []byte) {
	s.bounds.fixed(value)
	if s.distinct != nil && s.form.class != classBool {
		s.distinct.hashes(value, s.form.width)
	}
}

// key returns the number in whose order the values of up to 8 bytes are.
func (s *statistics) key(v []byte) uint64 {
	switch s.form.class {
	case classSigned:
		return uint64(signed(v)) ^ signBit
	case classFloat:
		l := layoutOfFloat(len(v))
		x := unsigned(v)
		if x&^l.sign > l.inf {
			return noKey
		}
		return floatKey(x, l.sign)
	}
	return unsigned(v)
}

// distinctText looks at a value of any length that comes again and again once.
func (s *statistics) distinctText(value []byte) {
	if s.form.class == classText {
		s.bounds.text(textKey(value), value)
	}
	if s.distinct != nil {
		s.distinct.add(xxh3.Hash(value))
	}
}

// prefixed looks at the first of the values of any length with their prefixes:
// at most n, and no more than about a piece. It returns how many values and
// bytes these were.
func (s *statistics) prefixed(values []byte, n int) (count, size int, err error) {
	ordered, sketched := s.form.class == classText, s.distinct != nil
	wanted, ok := s.sample.wanted(n)
	for count < n && size < pieceBytes {
		if size > len(values)-lengthBytes {
			return 0, 0, errCutOff
		}
		length := int(binary.LittleEndian.Uint32(values[size:]))
		start := size + lengthBytes
		if length > len(values)-start {
			return 0, 0, errCutOff
		}
		size = start + length
		value := values[start:size]
		if ordered {
			if key := textKey(value); key <= s.lo || key >= s.hi {
				s.text(key, value)
			}
		}
		if sketched {
			s.distinct.add(xxh3.Hash(value))
			if ordered && ok && count == wanted {
				s.keepOne(value)
				wanted, ok = s.sample.wanted(n)
			}
		}
		count++
	}
	s.sample.seen += int64(count)
	return count, size, nil
}

// describe sets what c says of its values.
func (s *statistics) describe(c *Column) {
	c.Min, c.Max = s.texts()
	if s.distinct == nil {
		return
	}
	switch {
	case s.form.class != classBool:
		c.Distinct = s.distinct.estimate()
	case s.any && s.lo != s.hi:
		c.Distinct = 2
	case s.any:
		c.Distinct = 1
	}
	for _, v := range s.quantiles() {
		c.Quantiles = append(c.Quantiles, s.form.text(v))
	}
}

// maxBoundText is the longest text, in bytes, that is given as a minimum or
// maximum: they are for people, and go into manifests.
const maxBoundText = 128

func (s *statistics) texts() (lo, hi *string) {
	if s.form.text == nil {
		return nil, nil
	}
	a, b, ok := s.values()
	if !ok {
		return nil, nil
	}
	text := func(v []byte) *string {
		t := s.form.text(v)
		if len(t) > maxBoundText {
			return nil
		}
		return &t
	}
	return text(a), text(b)
}

// quantiles returns the values at the quantiles.
func (s *statistics) quantiles() (values [][]byte) {
	switch {
	case s.form.text == nil:
		return nil
	case s.form.width == 0:
		return ranked(s.sample.texts, bytes.Compare)
	case s.form.width > 8:
		return ranked(s.sample.texts, compareWide)
	}
	keys := s.sample.keys
	if s.form.class == classFloat {
		keys = slices.DeleteFunc(keys, func(k uint64) bool { return k == noKey })
	}
	for _, key := range ranked(keys, cmp.Compare[uint64]) {
		values = append(values, s.value(key))
	}
	return values
}

func compareWide(x, y []byte) int {
	switch {
	case lessWide(x, y):
		return -1
	case lessWide(y, x):
		return 1
	}
	return 0
}
