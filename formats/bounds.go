package formats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
)

// bounds keeps the smallest and the largest of the values that it is shown.
//
// Numbers of up to 8 bytes are kept as keys: unsigned numbers in the same order.
// All else is kept as bytes.
type bounds struct {
	form     form
	any      bool
	lo, hi   uint64 // keys of numbers, or the first 8 bytes of texts
	lo2, hi2 uint64 // the next 8 bytes of texts
	loB, hiB []byte // texts, and numbers of more than 8 bytes
	scratch  []byte
}

const signBit = 1 << 63

func newBounds(f form) bounds { return bounds{form: f, lo: math.MaxUint64} }

// fixed looks at values of a fixed width. It returns them as they are to be
// hashed: every NaN as the same one.
func (b *bounds) fixed(values []byte) []byte {
	switch b.form.class {
	case classSigned:
		if b.form.width > 8 {
			b.wide(values)
			break
		}
		lo, hi := minMaxSigned(values, b.form.width)
		b.keys(uint64(lo)^signBit, uint64(hi)^signBit)
	case classUnsigned:
		b.keys(minMaxUnsigned(values, b.form.width))
	case classBool:
		b.bools(values)
	case classFloat:
		return b.floats(values)
	}
	return values
}

func (b *bounds) keys(lo, hi uint64) {
	b.any = true
	b.lo, b.hi = min(b.lo, lo), max(b.hi, hi)
}

func (b *bounds) bools(values []byte) {
	if bytes.IndexByte(values, 0) >= 0 {
		b.keys(0, 0)
	}
	if bytes.IndexByte(values, 1) >= 0 {
		b.keys(1, 1)
	}
}

// values returns the bounds in the form of values, texts without prefix. ok is
// false if there were no values.
func (b *bounds) values() (lo, hi []byte, ok bool) {
	if b.form.width == 0 || b.form.width > 8 {
		return b.loB, b.hiB, b.any
	}
	return b.value(b.lo), b.value(b.hi), b.any
}

func (b *bounds) value(key uint64) []byte {
	switch b.form.class {
	case classSigned:
		key ^= signBit
	case classFloat:
		key = floatOfKey(key, b.form.width)
	}
	return binary.LittleEndian.AppendUint64(nil, key)[:b.form.width]
}

// signed returns a number of up to 8 bytes, little-endian, in two's complement.
func signed(v []byte) int64 {
	switch len(v) {
	case 1:
		return int64(int8(v[0]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(v)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(v)))
	default:
		return int64(binary.LittleEndian.Uint64(v))
	}
}

// unsigned returns a number of up to 8 bytes, little-endian.
func unsigned(v []byte) uint64 {
	switch len(v) {
	case 1:
		return uint64(v[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(v))
	case 4:
		return uint64(binary.LittleEndian.Uint32(v))
	default:
		return binary.LittleEndian.Uint64(v)
	}
}

// minMaxSigned has a loop for each of the common widths: it runs over every
// number of a table. Two pairs of bounds keep the processor busy, since each
// comparison waits for the one before.
func minMaxSigned(v []byte, width int) (lo, hi int64) {
	switch width {
	case 8:
		lo, hi = math.MaxInt64, math.MinInt64
		lo2, hi2 := lo, hi
		for ; len(v) >= 16; v = v[16:] {
			x, y := int64(binary.LittleEndian.Uint64(v)), int64(binary.LittleEndian.Uint64(v[8:]))
			lo, hi = min(lo, x), max(hi, x)
			lo2, hi2 = min(lo2, y), max(hi2, y)
		}
		lo, hi = min(lo, lo2), max(hi, hi2)
	case 4:
		lo4, hi4 := int32(math.MaxInt32), int32(math.MinInt32)
		lo2, hi2 := lo4, hi4
		for ; len(v) >= 8; v = v[8:] {
			w := binary.LittleEndian.Uint64(v)
			x, y := int32(w), int32(w>>32)
			lo4, hi4 = min(lo4, x), max(hi4, x)
			lo2, hi2 = min(lo2, y), max(hi2, y)
		}
		lo, hi = int64(min(lo4, lo2)), int64(max(hi4, hi2))
	default:
		lo, hi = math.MaxInt64, math.MinInt64
	}
	for ; len(v) > 0; v = v[width:] {
		x := signed(v[:width])
		lo, hi = min(lo, x), max(hi, x)
	}
	return lo, hi
}

func minMaxUnsigned(v []byte, width int) (lo, hi uint64) {
	lo = math.MaxUint64
	for ; len(v) > 0; v = v[width:] {
		x := unsigned(v[:width])
		lo, hi = min(lo, x), max(hi, x)
	}
	return lo, hi
}

// wide looks at numbers of more than 8 bytes.
func (b *bounds) wide(v []byte) {
	w := b.form.width
	for ; len(v) > 0; v = v[w:] {
		if !b.any || lessWide(v[:w], b.loB) {
			b.loB = append(b.loB[:0], v[:w]...)
		}
		if !b.any || lessWide(b.hiB, v[:w]) {
			b.hiB = append(b.hiB[:0], v[:w]...)
		}
		b.any = true
	}
}

// lessWide compares two's complements, little-endian, word by word from the end.
func lessWide(x, y []byte) bool {
	flip := uint64(signBit)
	for i := len(x) - 8; i >= 0; i -= 8 {
		p, q := binary.LittleEndian.Uint64(x[i:])^flip, binary.LittleEndian.Uint64(y[i:])^flip
		if p != q {
			return p < q
		}
		flip = 0
	}
	return false
}

var errCutOff = errors.New("a value is cut off")

// textKey returns the first 8 bytes of a text as a number, so that keys have the
// order of texts wherever they differ.
func textKey(v []byte) (key uint64) {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	for i, c := range v {
		key |= uint64(c) << (56 - 8*i)
	}
	return key
}

// text looks at a text that may be a bound: texts often begin in the same way.
func (b *bounds) text(key uint64, v []byte) {
	var key2 uint64
	if len(v) > 8 {
		key2 = textKey(v[8:])
	}
	if !b.any || less(key, key2, v, b.lo, b.lo2, b.loB) {
		b.lo, b.lo2, b.loB = key, key2, append(b.loB[:0], v...)
	}
	if !b.any || less(b.hi, b.hi2, b.hiB, key, key2, v) {
		b.hi, b.hi2, b.hiB = key, key2, append(b.hiB[:0], v...)
	}
	b.any = true
}

// less compares texts with their keys.
func less(x1, x2 uint64, x []byte, y1, y2 uint64, y []byte) bool {
	if x1 != y1 {
		return x1 < y1
	}
	if x2 != y2 {
		return x2 < y2
	}
	return string(x) < string(y)
}
