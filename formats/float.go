package formats

import (
	"encoding/binary"
	"math"
)

// A floatLayout describes a binary format of IEEE 754 by bits.
type floatLayout struct {
	sign, inf, nan uint64 // the sign bit, +Inf, and the NaN that stands for all
}

func layoutOfFloat(width int) floatLayout {
	switch width {
	case 2:
		return floatLayout{1 << 15, 0x7c00, 0x7e00}
	case 4:
		return floatLayout{1 << 31, 0x7f800000, 0x7fc00000}
	default:
		return floatLayout{1 << 63, 0x7ff0000000000000, 0x7ff8000000000000}
	}
}

// floatKey maps the bits of a float to a number in the same order, -0 before +0.
func floatKey(bits, sign uint64) uint64 {
	if bits&sign != 0 {
		return sign - 1 - bits&(sign-1)
	}
	return bits | sign
}

func floatOfKey(key uint64, width int) uint64 {
	sign := layoutOfFloat(width).sign
	if key&sign == 0 {
		return sign | (sign - 1 - key)
	}
	return key &^ sign
}

// floats looks at floats, and returns them with one NaN for all.
//
// The bits of floats as numbers: positive ones are in their order, negative ones
// follow them in the reverse order, and each half ends with its NaNs. So the
// extremes of the halves say whether there is a NaN, and if there is none, what
// the bounds are.
func (b *bounds) floats(values []byte) []byte {
	l := layoutOfFloat(b.form.width)
	var e extremes
	switch b.form.width {
	case 8:
		e = extremes64(values)
	case 4:
		e = extremes32(values)
	default:
		e = extremes16(values)
	}
	if e.positive > l.inf && e.positive < l.sign || e.hi > l.sign|l.inf {
		return b.withNaNs(values, l)
	}
	smallest, largest := e.lo, e.lo // if all are positive; if all are negative
	if e.hi >= l.sign {
		smallest = e.hi
	}
	if e.lo < l.sign {
		largest = e.positive
	}
	b.keys(floatKey(smallest, l.sign), floatKey(largest, l.sign))
	return values
}

// extremes are the lowest and the highest of some bits as unsigned numbers, and
// the highest of those without sign; there is one of these if lo has no sign.
type extremes struct{ lo, hi, positive uint64 }

func extremes64(v []byte) extremes {
	lo, hi, top := uint64(math.MaxUint64), uint64(0), int64(math.MinInt64)
	for ; len(v) >= 8; v = v[8:] {
		x := binary.LittleEndian.Uint64(v)
		lo, hi, top = min(lo, x), max(hi, x), max(top, int64(x))
	}
	return extremes{lo, hi, uint64(top)}
}

func extremes32(v []byte) extremes {
	lo, hi, top := uint32(math.MaxUint32), uint32(0), int32(math.MinInt32)
	for ; len(v) >= 4; v = v[4:] {
		x := binary.LittleEndian.Uint32(v)
		lo, hi, top = min(lo, x), max(hi, x), max(top, int32(x))
	}
	return extremes{uint64(lo), uint64(hi), uint64(uint32(top))}
}

func extremes16(v []byte) extremes {
	lo, hi, top := uint16(math.MaxUint16), uint16(0), int16(math.MinInt16)
	for ; len(v) >= 2; v = v[2:] {
		x := binary.LittleEndian.Uint16(v)
		lo, hi, top = min(lo, x), max(hi, x), max(top, int16(x))
	}
	return extremes{uint64(lo), uint64(hi), uint64(uint16(top))}
}

// withNaNs is the slow way of floats, for pieces with a NaN.
func (b *bounds) withNaNs(values []byte, l floatLayout) []byte {
	w := b.form.width
	out := append(b.scratch[:0], values...)
	b.scratch = out
	for i := 0; i < len(out); i += w {
		x := unsigned(out[i : i+w])
		if x&^l.sign > l.inf {
			putUnsigned(out[i:i+w], l.nan)
			continue
		}
		key := floatKey(x, l.sign)
		b.keys(key, key)
	}
	return out
}

// oneNaN returns floats with one NaN for all.
func oneNaN(values []byte, width int) []byte {
	b := bounds{form: form{class: classFloat, width: width}}
	return b.floats(values)
}

func putUnsigned(b []byte, x uint64) {
	for i := range b {
		b[i] = byte(x >> (8 * i))
	}
}
