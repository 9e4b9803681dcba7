package parquet

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

// levelSource says where the levels of a page are.
type levelSource struct {
	encoding format.Encoding
	v2       bool
	size     int // v2 only; in v1 the size stands before the levels
}

// A levelBuffer has the levels of a page: one for each entry in bytes, or, if they
// are many and all equal, the level alone.
type levelBuffer struct {
	bytes  []byte
	level  byte // if bytes is nil
	memory []byte

	constant []byte // some equal levels
}

// read takes the levels of so many entries from the front of data. The largest
// is 0 if there are none.
func (l *levelBuffer) read(s levelSource, data []byte, largest, entries int) (rest []byte, err error) {
	l.bytes, l.level = nil, 0
	if largest == 0 {
		if s.size > len(data) {
			return nil, formats.Unreadable("the levels of a page are cut off")
		}
		return data[s.size:], nil // some writers have them where none are needed
	}
	width := bits.Len(uint(largest))
	size := s.size
	switch {
	case s.encoding == format.BitPacked && !s.v2:
		size = (entries*width + 7) / 8
	case s.encoding != format.RLE && !s.v2:
		return nil, formats.Unreadable("levels in encoding %s", s.encoding)
	case !s.v2:
		if len(data) < 4 {
			return nil, formats.Unreadable("the levels of a page are cut off")
		}
		size, data = int(binary.LittleEndian.Uint32(data)), data[4:]
	}
	if size > len(data) {
		return nil, formats.Unreadable("the levels of a page are cut off")
	}
	levels, rest := data[:size], data[size:]
	if s.encoding == format.BitPacked && !s.v2 {
		l.unpack(levels, width, entries)
		return rest, nil
	}
	return rest, l.decode(levels, width, entries)
}

// unpack is for an old encoding, most significant bit first.
func (l *levelBuffer) unpack(packed []byte, width, entries int) {
	l.memory = l.memory[:0]
	for i := 0; i < entries*width; i += width {
		var v byte
		for bit := i; bit < i+width; bit++ {
			v = v<<1 | packed[bit/8]>>(7-bit%8)&1
		}
		l.memory = append(l.memory, v)
	}
	l.bytes = l.memory
}

func (l *levelBuffer) decode(data []byte, width, entries int) error {
	runs, first, err := checkRuns(data, width, entries)
	if err != nil {
		return err
	}
	if first.repeated && first.count >= entries {
		l.level = byte(first.value)
		return nil
	}
	if entries > maxPageEntries {
		return errTooManyEntries
	}
	l.memory, err = (&rle.Encoding{BitWidth: width}).DecodeLevels(l.memory, runs)
	if err != nil || len(l.memory) < entries {
		return formats.Unreadable("the levels of a page are broken")
	}
	l.bytes = l.memory[:entries]
	return nil
}

// count returns how many of the entries have the level.
func (l *levelBuffer) count(level byte, entries int) int {
	if l.bytes != nil {
		return bytes.Count(l.bytes, []byte{level})
	}
	if l.level == level {
		return entries
	}
	return 0
}

func (l *levelBuffer) first() byte {
	if l.bytes != nil {
		return l.bytes[0]
	}
	return l.level
}

func (l *levelBuffer) normalise(norm *[256]byte) {
	l.level = norm[l.level]
	for i, v := range l.bytes {
		l.bytes[i] = norm[v]
	}
}

// slice returns the levels of some entries, no more than feedEntries if they
// are all equal.
func (l *levelBuffer) slice(start, end int) []byte {
	if l.bytes != nil {
		return l.bytes[start:end]
	}
	if l.constant == nil || l.constant[0] != l.level {
		l.constant = bytes.Repeat([]byte{l.level}, feedEntries)
	}
	return l.constant[:end-start]
}

// expand makes bytes of levels that are all equal.
func (l *levelBuffer) expand(entries int) error {
	if l.bytes != nil {
		return nil
	}
	if entries > maxPageEntries {
		return errTooManyEntries
	}
	l.memory = append(l.memory[:0], make([]byte, entries)...)
	for i := range l.memory {
		l.memory[i] = l.level
	}
	l.bytes = l.memory
	return nil
}

// A run is a sequence of numbers in the hybrid of run lengths and bit packing.
type run struct {
	repeated bool
	count    int
	value    uint32 // if repeated
}

// checkRuns returns the part of data that has the first n numbers. The decoder
// takes memory for all that the runs declare, so they must not declare more than
// fits: repeated numbers that are not needed are an error, packed ones take up
// space of their own.
func checkRuns(data []byte, width, n int) (part []byte, first run, err error) {
	pos := 0
	for have := 0; have < n; {
		head, size := binary.Uvarint(data[pos:])
		if size <= 0 {
			return nil, first, formats.Unreadable("a page has %d numbers instead of %d", have, n)
		}
		pos += size
		r := run{repeated: head&1 == 0, count: int(min(head>>1, 1<<32))}
		bytes := (width + 7) / 8
		if !r.repeated {
			bytes = r.count * width
			r.count *= 8
		}
		if bytes > len(data)-pos || r.repeated && r.count > n-have {
			return nil, first, formats.Unreadable("the runs of a page are broken")
		}
		if r.repeated {
			for i, b := range data[pos : pos+bytes] {
				r.value |= uint32(b) << (8 * i)
			}
		}
		if have == 0 && first.count == 0 {
			first = r
		}
		pos += bytes
		have += r.count
	}
	return data[:pos], first, nil
}

// decodeIndexes decodes n indexes into a dictionary: the number of their bits,
// and runs.
func decodeIndexes(dst []int32, data []byte, n int) ([]int32, error) {
	if n > maxPageEntries {
		return nil, errTooManyEntries
	}
	if len(data) == 0 || data[0] > 32 {
		return nil, formats.Unreadable("a page of indexes is broken")
	}
	width := int(data[0])
	if width == 0 {
		if cap(dst) < n {
			dst = make([]int32, n)
		}
		clear(dst[:n])
		return dst[:n], nil
	}
	runs, _, err := checkRuns(data[1:], width, n)
	if err != nil {
		return nil, err
	}
	dst, err = (&rle.Encoding{BitWidth: width}).DecodeInt32(dst, runs)
	if err != nil || len(dst) < n {
		return nil, formats.Unreadable("a page of indexes is broken")
	}
	return dst, nil
}
