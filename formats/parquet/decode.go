package parquet

import (
	"encoding/binary"
	"fmt"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

// width returns the size of the physical values, 0 if they have any length, and
// for booleans, which are one bit.
func (l *leaf) width() int {
	switch l.physical {
	case format.Int32, format.Float:
		return 4
	case format.Int64, format.Double:
		return 8
	case format.Int96:
		return 12
	case format.FixedLenByteArray:
		return l.length
	}
	return 0
}

// decode returns the n values of a page, little-endian or with their lengths
// before them.
func (c *column) decode(p page, n int) ([]byte, error) {
	if n > maxPageEntries && p.encoding != format.Plain {
		return nil, errTooManyEntries
	}
	switch p.encoding {
	case format.Plain:
		return c.plain(p.data, n)
	case format.RLE:
		if c.physical == format.Boolean {
			return c.booleans(p.data, n)
		}
	case format.DeltaBinaryPacked:
		return c.deltas(p.data, n)
	case format.DeltaLengthByteArray, format.DeltaByteArray:
		return c.byteArrays(p, n)
	case format.ByteStreamSplit:
		return c.split(p.data, n)
	}
	return nil, c.unsupported(p.encoding)
}

func (c *column) unsupported(e format.Encoding) error {
	return fmt.Errorf("encoding %s of %s is %w", e, c.physical, errUnsupported)
}

func broken(n int) error { return formats.Unreadable("a page does not have its %d values", n) }

// plain returns values that are as they are to be.
func (c *column) plain(data []byte, n int) ([]byte, error) {
	switch {
	case c.physical == format.Boolean:
		return c.bits(data, n)
	case c.physical == format.ByteArray:
		return c.plainByteArrays(data, n)
	case n > len(data)/c.width() || n*c.width() != len(data):
		return nil, broken(n)
	}
	return data, nil
}

// plainByteArrays checks the lengths of the values if they are to be converted;
// otherwise the hasher does.
func (c *column) plainByteArrays(data []byte, n int) ([]byte, error) {
	if c.convert == nil {
		return data, nil
	}
	pos := 0
	for range n {
		if len(data)-pos < 4 {
			return nil, broken(n)
		}
		length := int(binary.LittleEndian.Uint32(data[pos:]))
		if pos += 4; length > len(data)-pos {
			return nil, broken(n)
		}
		pos += length
	}
	return data[:pos], nil
}

// spread has the 8 bits of each byte as bytes.
var spread = func() (t [256]uint64) {
	for b := range t {
		for i := range 8 {
			t[b] |= uint64(b>>i&1) << (8 * i)
		}
	}
	return t
}()

// bits returns booleans as bytes.
func (c *column) bits(packed []byte, n int) ([]byte, error) {
	if n > 8*len(packed) {
		return nil, broken(n)
	}
	out := c.bytes[:0]
	for _, b := range packed[:(n+7)/8] {
		out = binary.LittleEndian.AppendUint64(out, spread[b])
	}
	c.bytes = out
	return out[:n], nil
}

// booleans returns booleans of the hybrid of run lengths and bit packing.
func (c *column) booleans(data []byte, n int) ([]byte, error) {
	var l levelBuffer
	l.memory = c.bytes
	if _, err := l.read(levelSource{encoding: format.RLE}, data, 1, n); err != nil {
		return nil, err
	}
	if err := l.expand(n); err != nil {
		return nil, err
	}
	c.bytes = l.memory
	return l.bytes, nil
}

func (c *column) deltas(data []byte, n int) (out []byte, err error) {
	if !hasDeltas(data, n) {
		return nil, broken(n)
	}
	switch c.physical {
	case format.Int32:
		if c.numbers32, err = parquetgo.DeltaBinaryPacked.DecodeInt32(c.numbers32, data); err != nil || len(c.numbers32) < n {
			return nil, broken(n)
		}
		c.bytes = littleEndian32(c.bytes[:0], c.numbers32[:n])
	case format.Int64:
		if c.numbers64, err = parquetgo.DeltaBinaryPacked.DecodeInt64(c.numbers64, data); err != nil || len(c.numbers64) < n {
			return nil, broken(n)
		}
		c.bytes = littleEndian64(c.bytes[:0], c.numbers64[:n])
	default:
		return nil, c.unsupported(format.DeltaBinaryPacked)
	}
	return c.bytes, nil
}

// maxDeltasPerByte is more than writers put into one: they have blocks of 128
// numbers, which take 5 bytes or more.
const maxDeltasPerByte = 1024

// hasDeltas reports whether the header of delta-packed numbers declares n of
// them, before memory is taken for as many.
func hasDeltas(data []byte, n int) bool {
	for range 2 { // size of blocks, number of their parts
		_, k := binary.Uvarint(data)
		if k <= 0 {
			return false
		}
		data = data[k:]
	}
	have, k := binary.Uvarint(data)
	return k > 0 && have == uint64(n) && n <= maxDeltasPerByte*len(data)
}

// byteArrays is for the encodings that have lengths and bytes apart.
func (c *column) byteArrays(p page, n int) (out []byte, err error) {
	if !hasDeltas(p.data, n) {
		return nil, broken(n)
	}
	if p.encoding == format.DeltaByteArray {
		if err := c.checkPrefixes(p.data, n); err != nil {
			return nil, err
		}
	}
	e := parquetgo.LookupEncoding(p.encoding)
	switch {
	case c.physical == format.FixedLenByteArray && p.encoding == format.DeltaByteArray:
		if c.bytes, err = e.DecodeFixedLenByteArray(c.bytes, p.data, c.length); err != nil || len(c.bytes) != n*c.length {
			return nil, broken(n)
		}
		return c.bytes, nil
	case c.physical != format.ByteArray:
		return nil, c.unsupported(p.encoding)
	}
	c.bytes, c.offsets, err = e.DecodeByteArray(c.bytes, p.data, c.offsets)
	if err != nil || len(c.offsets) != n+1 || uint64(c.offsets[n]) > uint64(len(c.bytes)) {
		return nil, broken(n)
	}
	out = c.prefixed[:0]
	for i := range n {
		start, end := c.offsets[i], c.offsets[i+1]
		if start > end || int(end) > len(c.bytes) {
			return nil, broken(n)
		}
		out = formats.AppendValue(out, c.bytes[start:end])
	}
	c.prefixed = out
	return out, nil
}

// checkPrefixes bounds what values take that begin as the ones before them:
// lengths of a few bytes may stand for any number.
func (c *column) checkPrefixes(data []byte, n int) (err error) {
	c.numbers32, err = parquetgo.DeltaBinaryPacked.DecodeInt32(c.numbers32, data)
	if err != nil {
		return broken(n)
	}
	var sum int64
	for _, length := range c.numbers32 {
		sum += int64(length)
	}
	if sum > maxAtOnce && sum/maxRatio > int64(len(data)) {
		return errTooDense
	}
	return nil
}

// split is for the encoding that has the first bytes of all values first.
func (c *column) split(data []byte, n int) (out []byte, err error) {
	w := c.width()
	if w == 0 {
		return nil, c.unsupported(format.ByteStreamSplit)
	}
	if n > len(data)/w || n*w != len(data) {
		return nil, broken(n)
	}
	out = c.bytes
	if cap(out) < len(data) {
		out = make([]byte, len(data), roundUp(len(data)))
	}
	out = out[:len(data)]
	for k := range w {
		for i, b := range data[k*n : (k+1)*n] {
			out[i*w+k] = b
		}
	}
	c.bytes = out
	return out, nil
}

func littleEndian32(dst []byte, src []int32) []byte {
	for _, v := range src {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
	}
	return dst
}

func littleEndian64(dst []byte, src []int64) []byte {
	for _, v := range src {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
	}
	return dst
}
