package formats

import (
	"encoding/binary"
	"hash/maphash"
	"unicode/utf8"
)

// A block of values of any length is hashed as a dictionary if it has at most
// so many distinct values, which take at most so many bytes. The second limit
// bounds the memory of a hasher.
const (
	maxDistinct      = 1024
	maxDistinctBytes = 65536
)

const (
	// codeBits leaves 16 bits for the serial: blocks are told apart as long as
	// a dictionary does not last for 65,535 of them.
	codeBits = 16

	lengthBytes = 4
	notUTF8     = "a text is not UTF-8"
)

// AppendValue appends a value of any length to b, in the form in which
// [Hasher.Values] takes it: its length as 4 bytes, little-endian, and the value,
// as PLAIN in Parquet. It must be shorter than 4 GiB.
func AppendValue(b, value []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(value))), value...)
}

// cut returns the length of the first value of b with its prefix, or 0.
func cut(b []byte) int {
	if len(b) < lengthBytes {
		return 0
	}
	n := uint64(binary.LittleEndian.Uint32(b)) + lengthBytes
	if n > uint64(len(b)) {
		return 0
	}
	return int(n)
}

// A Dictionary is a list of values that entries point to. It belongs to one
// Hasher. How values are distributed over dictionaries does not show in the
// digest; values that no entry points to do not count.
type Dictionary struct {
	values  []byte
	n       int
	offsets []uint32 // of types of any length, one more than there are values
	codes   []uint32 // by index: serial of a block << codeBits | code in that block
	seen    []bool   // by index: checked, and counted in the statistics
}

// NewDictionary returns a dictionary of n values in the form that [Hasher.Values]
// takes. It retains values. An error wraps [ErrUnreadable].
func (h *Hasher) NewDictionary(values []byte, n int) (*Dictionary, error) {
	d := &Dictionary{values: values, n: n}
	if w := h.form.width; w > 0 {
		if len(values) != n*w {
			return nil, h.contradiction("a dictionary of %d values of %d bytes cannot take %d bytes", n, w, len(values))
		}
		if h.form.class == classFloat {
			d.values = oneNaN(values, w)
		}
		d.seen = make([]bool, n)
		return d, nil
	}
	if uint64(len(values)) > 1<<32-1 || n > len(values)/lengthBytes {
		return nil, h.contradiction("a dictionary of %d values cannot take %d bytes", n, len(values))
	}
	d.offsets = make([]uint32, 1, n+1)
	for pos := 0; len(d.offsets) <= n; {
		size := cut(values[pos:])
		if size == 0 {
			return nil, h.contradiction("a value of the dictionary is cut off")
		}
		pos += size
		d.offsets = append(d.offsets, uint32(pos))
	}
	d.codes = make([]uint32, n)
	d.seen = make([]bool, n)
	return d, nil
}

// value returns the i-th value of any length, with its prefix.
func (d *Dictionary) value(i int32) []byte { return d.values[d.offsets[i]:d.offsets[i+1]] }

// A blockDictionary is the dictionary of the current block, as long as that has
// few distinct values.
type blockDictionary struct {
	plain   bool   // there were too many
	serial  uint16 // of the block; never 0
	values  []byte // the distinct ones, with prefixes, in order of first occurrence
	offsets []uint32
	codes   []byte // two bytes for each value of the block
	table   [4 * maxDistinct]uint16
	seed    maphash.Seed
}

func newBlockDictionary() *blockDictionary {
	return &blockDictionary{serial: 1, offsets: []uint32{0}, seed: maphash.MakeSeed()}
}

func (b *blockDictionary) len() int { return len(b.offsets) - 1 }

// code returns the code of a value with its prefix, and whether the value is
// new. It is -1 if there is no room for the value.
func (b *blockDictionary) code(value []byte) (code int, isNew bool) {
	i := maphash.Bytes(b.seed, value) % uint64(len(b.table))
	for ; b.table[i] != 0; i = (i + 1) % uint64(len(b.table)) {
		code := int(b.table[i]) - 1
		if string(b.values[b.offsets[code]:b.offsets[code+1]]) == string(value) {
			return code, false
		}
	}
	if b.len() == maxDistinct || len(b.values)+len(value) > maxDistinctBytes {
		return -1, true
	}
	b.values = append(b.values, value...)
	b.offsets = append(b.offsets, uint32(len(b.values)))
	b.table[i] = uint16(b.len())
	return b.len() - 1, true
}

// end hashes the block if it is still a dictionary, and begins the next one. It
// returns the number of distinct values, 0 for a plain block.
func (b *blockDictionary) end(h *Hasher) int {
	distinct := b.len()
	if b.plain {
		distinct = 0
	} else {
		h.write(b.values)
		h.write(b.codes)
	}
	b.plain = false
	b.serial++
	b.values, b.offsets, b.codes = b.values[:0], b.offsets[:1], b.codes[:0]
	clear(b.table[:])
	return distinct
}

// write hashes bytes of the block's values.
func (h *Hasher) write(b []byte) {
	h.block.size += uint64(len(b))
	h.hash.Write(b)
}

// giveUp turns the block to plain: what was counted so far is hashed as values.
func (h *Hasher) giveUp() {
	b := h.dict
	b.plain = true
	out := h.scratch[:0]
	for i := 0; i < len(b.codes); i += 2 {
		c := binary.LittleEndian.Uint16(b.codes[i:])
		out = append(out, b.values[b.offsets[c]:b.offsets[c+1]]...)
		if len(out) >= pieceBytes {
			h.write(out)
			out = out[:0]
		}
	}
	h.write(out)
	h.scratch = out
}

// prefixed adds the first n of the values, which have any length, and returns
// the rest.
func (h *Hasher) prefixed(values []byte, n int) ([]byte, error) {
	var err error
	for n > 0 && !h.dict.plain {
		size := cut(values)
		if size == 0 {
			return nil, h.contradiction("a value is cut off")
		}
		code, isNew := h.dict.code(values[:size])
		if code < 0 {
			h.giveUp()
			break
		}
		if isNew {
			h.meet(values[:size])
		}
		h.stats.keep(1, func(int) []byte { return values[lengthBytes:size] })
		h.dict.codes = binary.LittleEndian.AppendUint16(h.dict.codes, uint16(code))
		values = values[size:]
		n--
	}
	for n > 0 {
		var count, size int
		if count, size, err = h.stats.prefixed(values, n); err != nil {
			return nil, h.contradiction("%w", err)
		}
		h.checkTexts(values[:size])
		h.write(values[:size])
		values = values[size:]
		n -= count
	}
	return values, nil
}

// meet checks one value with its prefix, and counts it in the statistics.
func (h *Hasher) meet(value []byte) {
	if h.form.utf8 && !utf8.Valid(value[lengthBytes:]) {
		h.Refuse(notUTF8)
	}
	h.stats.distinctText(value[lengthBytes:])
}

// checkTexts checks the encoding of values with their prefixes.
func (h *Hasher) checkTexts(values []byte) {
	if !h.form.utf8 || isASCII(values) {
		return
	}
	for len(values) > 0 {
		size := cut(values)
		if !utf8.Valid(values[lengthBytes:size]) {
			h.Refuse(notUTF8)
			return
		}
		values = values[size:]
	}
}

func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for len(b) >= 32 {
		w := binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) |
			binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		if w&high != 0 {
			return false
		}
		b = b[32:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lookup adds values of any length by their indexes.
func (h *Hasher) lookup(d *Dictionary, indexes []int32) error {
	if len(indexes) == 0 {
		return nil
	}
	all := indexes
	if !h.dict.plain {
		n, err := h.encode(d, indexes)
		if err != nil {
			return err
		}
		indexes = indexes[n:]
	}
	out := h.scratch[:0]
	for _, i := range indexes {
		if uint32(i) >= uint32(d.n) {
			return h.outside(d, i)
		}
		value := d.value(i)
		if !d.seen[i] {
			d.seen[i] = true
			h.meet(value)
		}
		if out = append(out, value...); len(out) >= pieceBytes {
			h.write(out)
			out = out[:0]
		}
	}
	h.write(out)
	h.scratch = out
	h.stats.keep(len(all), func(k int) []byte { return d.value(all[k])[lengthBytes:] })
	return nil
}

// encode adds values by their indexes until the block has too many distinct
// ones, and returns how many it added.
func (h *Hasher) encode(d *Dictionary, indexes []int32) (int, error) {
	b := h.dict
	codes := b.codes
	for k, i := range indexes {
		if uint32(i) >= uint32(len(d.codes)) {
			return 0, h.outside(d, i)
		}
		c := d.codes[i]
		if c>>codeBits != uint32(b.serial) {
			value := d.value(i)
			code, isNew := b.code(value)
			if code < 0 {
				b.codes = codes
				h.giveUp()
				return k, nil
			}
			if isNew && !d.seen[i] {
				d.seen[i] = true
				h.meet(value)
			}
			c = uint32(b.serial)<<codeBits | uint32(code)
			d.codes[i] = c
		}
		codes = append(codes, byte(c), byte(c>>8))
	}
	b.codes = codes
	return len(indexes), nil
}

// gather adds values of a fixed width by their indexes.
func (h *Hasher) gather(d *Dictionary, indexes []int32) error {
	w := h.form.width
	for len(indexes) > 0 {
		part := indexes[:min(len(indexes), max(1, pieceBytes/w))]
		indexes = indexes[len(part):]
		out, bad := gather(h.scratch[:0], d.values, part, w)
		if bad >= 0 {
			return h.outside(d, part[bad])
		}
		h.scratch = out
		for _, i := range part {
			if !d.seen[i] {
				d.seen[i] = true
				h.stats.distinctFixed(d.values[int(i)*w:][:w])
			}
		}
		h.stats.keep(len(part), func(k int) []byte { return out[k*w:][:w] })
		h.write(out)
	}
	return nil
}

// gather appends the values at the indexes to out. bad is the position of an
// index outside of the values, or -1.
func gather(out, values []byte, indexes []int32, w int) (_ []byte, bad int) {
	for k, i := range indexes {
		start := int(i) * w
		if i < 0 || start > len(values)-w {
			return out, k
		}
		switch w {
		case 8:
			out = binary.LittleEndian.AppendUint64(out, binary.LittleEndian.Uint64(values[start:]))
		case 4:
			out = binary.LittleEndian.AppendUint32(out, binary.LittleEndian.Uint32(values[start:]))
		default:
			out = append(out, values[start:start+w]...)
		}
	}
	return out, -1
}

func (h *Hasher) outside(d *Dictionary, i int32) error {
	return h.contradiction("index %d in a dictionary of %d values", i, d.n)
}
