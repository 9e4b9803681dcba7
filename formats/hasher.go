package formats

import (
	"bytes"
	"encoding/binary"
	"math"
)

const (
	columnContext = "github.com/cairnstore/cairn 2026 columnar digest 1, column"

	// blockEntries is the number of entries of every block but the last.
	blockEntries = 65536

	// pieceBytes is how much is looked at and then hashed at a time, so that the
	// hash finds it in a near cache.
	pieceBytes = 64 << 10
)

// A Hasher computes what is known of one leaf column from its entries. Feed them
// in order, in batches of any size: batches do not show in the digest.
//
// Each row of a column without lists is one entry. Below a list, each element is
// an entry, and a list that is null or empty is one entry too, without value.
// The levels of entries say which is which, as in Parquet, but counted as if
// everything were nullable:
//
//   - The definition level is how many steps of the path are there, up to
//     [Path.MaxDefinition] for an entry with a value. Each name counts one, if it
//     is not null; a list counts one more if it is not empty, and another one if
//     its element is not null; a map counts one more if it is not empty. So in
//     a[].b the level 0 is a null list, 1 an empty one, 2 a null element, 3 a
//     null b, and 4 a value. In a flat column 0 is null and 1 a value.
//   - The repetition level is 0 for the first entry of a row, and else the number
//     of the list or map in the path, counted from 1, that the entry continues.
//
// A value that has no canonical form (a string that is not UTF-8, say) takes the
// digest away from the column; the rest of the entries is then ignored, which is
// no error. A Hasher must not be used by several goroutines at once.
type Hasher struct {
	typ    Type
	form   form
	path   Path
	reason string
	hash   stream
	stats  statistics
	dict   *blockDictionary // of types of any length

	rows, entries, nulls int64
	block                block
	scratch              []byte

	observers []Observer
	shown     []byte // a batch for them
}

// A block is what is known of the entries since the last block ended.
type block struct {
	entries int
	values  int
	size    uint64 // bytes of the values
	def     []byte // definition levels; empty while all entries have values
	rep     []byte // repetition levels
}

// NewHasher returns a Hasher for a column. It is an error if t is none of this
// package's types or p is nested too deeply.
func NewHasher(t Type, p Path) (*Hasher, error) {
	f, err := t.form()
	if err != nil {
		return nil, err
	}
	if p.def > math.MaxUint8 {
		return nil, Unreadable("column %q is nested too deeply", p)
	}
	h := &Hasher{typ: t, form: f, path: p, hash: newColumnStream(), stats: statistics{bounds: newBounds(f)}}
	if f.width == 0 && !f.null {
		h.dict = newBlockDictionary()
	}
	return h, nil
}

// Refuse takes the digest away from the column, because of something that the
// producer found in it. The first reason counts.
func (h *Hasher) Refuse(reason string) {
	if h.reason == "" {
		h.reason = reason
	}
}

// Refused reports whether the column has no digest, so that feeding more is of
// no use.
func (h *Hasher) Refused() bool { return h.reason != "" }

// Sketch has the column say also how many distinct values it has, and their
// quantiles. It is called before the first entry.
func (h *Hasher) Sketch() { h.stats.distinct = newDistinct() }

// Values adds entries that have n values, which are concatenated in the form of
// the type: [Type.Width] bytes each, little-endian, or as [AppendValue] puts
// them. Entries without value have no bytes. def and rep are the levels of the
// entries; def is nil if all have values, rep is nil if the path has no list.
// Nothing is retained. An error wraps [ErrUnreadable]: the batch contradicts
// itself.
func (h *Hasher) Values(values []byte, n int, def, rep []byte) error {
	if w := h.form.width; w > 0 && len(values) != n*w {
		return h.contradiction("%d values of %d bytes cannot take %d bytes", n, w, len(values))
	}
	left := values
	err := h.add(n, def, rep, func(n int) (err error) {
		if h.form.width > 0 {
			size := n * h.form.width
			h.fixed(left[:size])
			left = left[size:]
			return nil
		}
		left, err = h.prefixed(left, n)
		return err
	}, func() bool { return len(left) == 0 })
	if err != nil || h.Refused() {
		return err
	}
	return h.show(values, n, def, rep)
}

// Indexes is like [Hasher.Values] for values that are given as indexes into d,
// which must be a dictionary of h.
func (h *Hasher) Indexes(d *Dictionary, indexes []int32, def, rep []byte) error {
	left := indexes
	err := h.add(len(indexes), def, rep, func(n int) (err error) {
		if h.form.width > 0 {
			err = h.gather(d, left[:n])
		} else {
			err = h.lookup(d, left[:n])
		}
		left = left[n:]
		return err
	}, func() bool { return true })
	if err != nil || h.Refused() {
		return err
	}
	return h.showIndexes(d, indexes, def, rep)
}

// add splits a batch at the ends of blocks. put is called with numbers of values
// that add up to n, and then consumed must be true.
func (h *Hasher) add(n int, def, rep []byte, put func(n int) error, consumed func() bool) error {
	if h.Refused() {
		return nil
	}
	entries := n
	if def != nil {
		entries = len(def)
	}
	if err := h.checkLevels(n, entries, def, rep); err != nil {
		return err
	}
	if h.Refused() {
		return nil
	}
	for entries > 0 {
		k := min(entries, blockEntries-h.block.entries)
		values := k
		if def != nil {
			values = bytes.Count(def[:k], []byte{byte(h.path.def)})
		}
		if err := put(values); err != nil {
			return err
		}
		def, rep = h.levels(k, values, def, rep)
		if h.block.entries == blockEntries {
			h.endBlock()
		}
		entries -= k
	}
	if !consumed() && !h.Refused() {
		return h.contradiction("there are bytes after the last of %d values", n)
	}
	return nil
}

func (h *Hasher) checkLevels(n, entries int, def, rep []byte) error {
	if h.form.null && n > 0 {
		h.Refuse("a value in a column of nulls")
	}
	if def != nil {
		if got := bytes.Count(def, []byte{byte(h.path.def)}); got != n {
			return h.contradiction("%d values for %d entries that have one", n, got)
		}
		if h.path.def > 1 || n+bytes.Count(def, []byte{0}) != entries {
			if largest(def) > h.path.def {
				return h.contradiction("a definition level above %d", h.path.def)
			}
		}
	}
	if h.path.rep == 0 {
		if rep != nil {
			return h.contradiction("repetition levels, but no list")
		}
		return nil
	}
	if len(rep) != entries {
		return h.contradiction("%d repetition levels for %d entries", len(rep), entries)
	}
	if largest(rep) > h.path.rep {
		return h.contradiction("a repetition level above %d", h.path.rep)
	}
	if entries > 0 && h.entries+int64(h.block.entries) == 0 && rep[0] != 0 {
		return h.contradiction("the first row is missing its beginning")
	}
	return nil
}

func largest(levels []byte) int {
	var m byte
	for _, l := range levels {
		m = max(m, l)
	}
	return int(m)
}

// levels takes the levels of k entries, of which so many have values, from the
// front of def and rep, and returns the rest of them.
func (h *Hasher) levels(k, values int, def, rep []byte) (restDef, restRep []byte) {
	b := &h.block
	if values < k && len(b.def) == 0 {
		b.def = appendRepeated(b.def, byte(h.path.def), b.entries)
	}
	switch {
	case def == nil && len(b.def) > 0:
		b.def = appendRepeated(b.def, byte(h.path.def), k)
	case def != nil:
		if values < k || len(b.def) > 0 {
			b.def = append(b.def, def[:k]...)
		}
		def = def[k:]
	}
	if rep != nil {
		b.rep = append(b.rep, rep[:k]...)
		h.rows += int64(bytes.Count(rep[:k], []byte{0}))
		rep = rep[k:]
	} else {
		h.rows += int64(k)
	}
	b.entries += k
	b.values += values
	h.nulls += int64(k - values)
	return def, rep
}

func appendRepeated(b []byte, v byte, n int) []byte {
	start := len(b)
	b = append(b, make([]byte, n)...)
	for i := range b[start:] {
		b[start+i] = v
	}
	return b
}

// fixed adds values of a fixed width.
func (h *Hasher) fixed(values []byte) {
	w := h.form.width
	h.block.size += uint64(len(values))
	piece := max(1, pieceBytes/w) * w
	for len(values) > 0 {
		p := values[:min(piece, len(values))]
		values = values[len(p):]
		h.hash.Write(h.stats.fixed(p))
	}
}

// endBlock hashes what is left of the block, and begins another one.
func (h *Hasher) endBlock() {
	distinct := 0
	if h.dict != nil {
		distinct = h.dict.end(h)
	}
	b := &h.block
	h.hash.Write(b.def)
	h.hash.Write(b.rep)
	t := binary.LittleEndian.AppendUint64(h.scratch[:0], b.size)
	t = binary.LittleEndian.AppendUint32(t, uint32(distinct))
	t = binary.LittleEndian.AppendUint32(t, uint32(b.values))
	t = binary.LittleEndian.AppendUint32(t, uint32(b.entries))
	h.hash.Write(t)
	h.scratch = t
	h.entries += int64(b.entries)
	*b = block{def: b.def[:0], rep: b.rep[:0]}
}

// Column ends the column. The Hasher must not be used after that.
func (h *Hasher) Column() Column {
	if h.Refused() {
		return Undigested(h.path, h.typ, h.reason)
	}
	if h.block.entries > 0 {
		h.endBlock()
	}
	t := append(h.scratch[:0], h.typ...)
	t = append(t, h.path.shape...)
	t = binary.LittleEndian.AppendUint32(t, uint32(len(h.typ)))
	t = binary.LittleEndian.AppendUint32(t, uint32(len(h.path.shape)))
	t = binary.LittleEndian.AppendUint64(t, uint64(h.entries))
	t = binary.LittleEndian.AppendUint64(t, uint64(h.rows))
	h.hash.Write(t)
	c := Column{Name: h.path.String(), Type: h.typ, Nulls: h.nulls, rows: h.rows}
	h.hash.Sum(c.Digest[:0])
	h.stats.describe(&c)
	return c
}

func (h *Hasher) contradiction(format string, args ...any) error {
	return Unreadable("column %q: %w", h.path, Unreadable(format, args...))
}
