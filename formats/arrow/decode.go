package arrow

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/cairnstore/cairn/formats"
)

// A decoder appends the values of an array to b, in the form that a Hasher takes,
// from one slot up to another, and all of these are valid. It may end earlier
// and returns the slot after the last one that it decoded.
type decoder func(b []byte, a *rawArray, from, to int) (_ []byte, next int, err error)

// A refusal is the reason why a value has no canonical form.
type refusal string

func (r refusal) Error() string { return string(r) }

// A rawArray is an array of the library as the bytes that it holds. Slices of
// these check bounds; what is outside panics.
type rawArray struct {
	n       int
	valid   []byte   // a bit for each slot; nil if all are valid
	null    bool     // all are null
	buffers [][]byte // but for valid
}

func newRawArray(d arrow.ArrayData, k kind) *rawArray {
	if d.Offset() != 0 {
		panic("an array does not begin at its beginning")
	}
	a := &rawArray{n: d.Len(), null: k == kindNull}
	for i, b := range d.Buffers() {
		var bytes []byte
		if b != nil && b.Len() > 0 {
			bytes = b.Bytes()[:b.Len():b.Len()]
		}
		if i == 0 {
			a.valid = bytes
		} else {
			a.buffers = append(a.buffers, bytes)
		}
	}
	return a
}

func (a *rawArray) isValid(i int) bool {
	return !a.null && (a.valid == nil || a.valid[i/8]>>(i%8)&1 != 0)
}

// run returns the end of the run that begins at from: slots that are all valid,
// or all null.
func (a *rawArray) run(from, to int) (end int, valid bool) {
	if a.null || a.valid == nil {
		return to, !a.null
	}
	valid = a.isValid(from)
	same := byte(0)
	if valid {
		same = 0xff
	}
	for end = from + 1; end < to; end++ {
		if end%8 == 0 && end+8 <= to && a.valid[end/8] == same {
			end += 7
			continue
		}
		if a.isValid(end) != valid {
			break
		}
	}
	return end, valid
}

// decodeNumbers decodes what lies in the file as a Hasher takes it.
func decodeNumbers(width int) decoder {
	return func(b []byte, a *rawArray, from, to int) ([]byte, int, error) {
		to = min(to, from+max(1, chunkBytes/width))
		return append(b, a.buffers[0][from*width:to*width]...), to, nil
	}
}

func decodeBools(b []byte, a *rawArray, from, to int) ([]byte, int, error) {
	to = min(to, from+chunkBytes)
	bits := a.buffers[0]
	for i := from; i < to; i++ {
		b = append(b, bits[i/8]>>(i%8)&1)
	}
	return b, to, nil
}

// decodeDecimals decodes two's complements of one width to those of another.
func decodeDecimals(width, target int) decoder {
	if width == target {
		return decodeNumbers(width)
	}
	return func(b []byte, a *rawArray, from, to int) ([]byte, int, error) {
		to = min(to, from+chunkBytes/width)
		for i := from; i < to; i++ {
			v := a.buffers[0][i*width : (i+1)*width]
			sign := byte(int8(v[width-1]) >> 7)
			for k := target; k < width; k++ {
				if v[k] != sign {
					return b, i, refusal("a decimal has more digits than its type")
				}
			}
			if target < width && byte(int8(v[target-1])>>7) != sign {
				return b, i, refusal("a decimal has more digits than its type")
			}
			b = append(b, v[:min(width, target)]...)
			for k := width; k < target; k++ {
				b = append(b, sign)
			}
		}
		return b, to, nil
	}
}

// decodeSeconds32 and the next are of seconds, which become milliseconds.
func decodeSeconds32(b []byte, a *rawArray, from, to int) ([]byte, int, error) {
	to = min(to, from+chunkBytes/4)
	for i := from; i < to; i++ {
		ms := int64(int32(binary.LittleEndian.Uint32(a.buffers[0][4*i:]))) * 1000
		if ms != int64(int32(ms)) {
			return b, i, refusal("a time in seconds is too large for milliseconds")
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(ms))
	}
	return b, to, nil
}

func decodeSeconds64(b []byte, a *rawArray, from, to int) ([]byte, int, error) {
	to = min(to, from+chunkBytes/8)
	for i := from; i < to; i++ {
		s := int64(binary.LittleEndian.Uint64(a.buffers[0][8*i:]))
		if s > math.MaxInt64/1000 || s < math.MinInt64/1000 {
			return b, i, refusal("a timestamp in seconds is too large for milliseconds")
		}
		b = binary.LittleEndian.AppendUint64(b, uint64(s*1000))
	}
	return b, to, nil
}

// decodeMidnights decodes dates that are given as milliseconds.
func decodeMidnights(b []byte, a *rawArray, from, to int) ([]byte, int, error) {
	const day = 24 * 60 * 60 * 1000
	to = min(to, from+chunkBytes/8)
	for i := from; i < to; i++ {
		ms := int64(binary.LittleEndian.Uint64(a.buffers[0][8*i:]))
		days := ms / day
		if ms%day != 0 {
			return b, i, refusal("a date in milliseconds is not midnight")
		}
		if days != int64(int32(days)) {
			return b, i, refusal("a date in milliseconds is too far away")
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(days))
	}
	return b, to, nil
}

// decodeTexts decodes values of any length, which follow one another.
func decodeTexts[offset uint32 | uint64](b []byte, a *rawArray, from, to int) ([]byte, int, error) {
	end := len(b) + chunkBytes
	for i := from; i < to; i++ {
		start, stop := offsets[offset](a.buffers[0], i)
		value := a.buffers[1][start:stop]
		if len(value) > math.MaxUint32 {
			return b, i, refusal("a value has 4 GiB or more")
		}
		if b = formats.AppendValue(b, value); len(b) >= end {
			return b, i + 1, nil
		}
	}
	return b, to, nil
}

// offsets returns the i-th and the next number of a buffer of offsets. What is
// no offset comes out negative or beyond all bytes.
func offsets[offset uint32 | uint64](b []byte, i int) (start, stop int) {
	var o offset
	if _, wide := any(o).(uint64); wide {
		return int(binary.LittleEndian.Uint64(b[8*i:])), int(binary.LittleEndian.Uint64(b[8*i+8:]))
	}
	return int(int32(binary.LittleEndian.Uint32(b[4*i:]))), int(int32(binary.LittleEndian.Uint32(b[4*i+4:])))
}

// decodeViews decodes values that lie in their views or in one of the buffers.
func decodeViews(b []byte, a *rawArray, from, to int) ([]byte, int, error) {
	const size, inline = 16, 12
	end := len(b) + chunkBytes
	for i := from; i < to; i++ {
		view := a.buffers[0][size*i : size*(i+1)]
		n := int(int32(binary.LittleEndian.Uint32(view)))
		var value []byte
		if n <= inline {
			value = view[4 : 4+n]
		} else {
			buffer := int(int32(binary.LittleEndian.Uint32(view[8:])))
			start := int(int32(binary.LittleEndian.Uint32(view[12:])))
			value = a.buffers[1+buffer][start : start+n]
			if string(value[:4]) != string(view[4:8]) {
				panic("a view and its value begin differently")
			}
		}
		if b = formats.AppendValue(b, value); len(b) >= end {
			return b, i + 1, nil
		}
	}
	return b, to, nil
}
