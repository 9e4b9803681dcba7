package arrow

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/cairnstore/cairn/formats"
)

// A dictionary is what the indexes of a column point to.
type dictionary struct {
	data   arrow.ArrayData // what it was made of; the library gives the same again
	values *rawArray
}

// setDictionary takes the dictionary of a batch of indexes.
func (l *leaf) setDictionary(d arrow.ArrayData) error {
	data := d.Dictionary()
	if l.dictionary != nil && l.dictionary.data == data {
		return nil
	}
	a := newRawArray(data, l.field.kind)
	values, err := l.allValues(a)
	if err != nil || l.entries.hasher.Refused() {
		return err
	}
	l.entries.dict, err = l.entries.hasher.NewDictionary(values, a.n)
	l.dictionary = &dictionary{data, a}
	return err
}

// allValues decodes a dictionary. Slots that are null have any value: no index
// to them is used.
func (l *leaf) allValues(a *rawArray) ([]byte, error) {
	e := entries{hasher: l.entries.hasher}
	blank := make([]byte, max(l.field.typ.Width(), 0))
	if len(blank) == 0 {
		blank = formats.AppendValue(nil, nil)
	}
	for from := 0; from < a.n; {
		end, valid := a.run(from, a.n)
		for !valid && from < end {
			e.values = append(e.values, blank...)
			from++
		}
		for from < end {
			next, err := e.decode(l.field.decode, a, from, end)
			if err != nil || next == from {
				return nil, err
			}
			from = next
		}
	}
	return e.values, nil
}

// indexes adds values by their indexes.
func (l *leaf) indexes(a *rawArray, from, to, def int, first, rest byte) error {
	for ; from < to; from++ {
		i := l.field.index.at(a.buffers[0], from)
		if i >= uint64(l.dictionary.values.n) {
			return formats.Unreadable("column %q: an index is outside of the dictionary", l.entries.path)
		}
		var err error
		if l.dictionary.values.isValid(int(i)) {
			l.entries.indexes = append(l.entries.indexes, int32(i))
			err = l.entries.some(1, def, first, rest)
		} else {
			err = l.entries.none(1, def-1, first, rest)
		}
		if err != nil {
			return err
		}
		first = rest
	}
	return nil
}

// at returns the i-th index; a negative one as one that is too large.
func (x *index) at(b []byte, i int) uint64 {
	var v uint64
	switch x.width {
	case 8:
		v = uint64(b[i])
	case 16:
		v = uint64(binary.LittleEndian.Uint16(b[2*i:]))
	case 32:
		v = uint64(binary.LittleEndian.Uint32(b[4*i:]))
	default:
		v = binary.LittleEndian.Uint64(b[8*i:])
	}
	if x.signed && v>>(x.width-1) != 0 {
		return math.MaxUint64
	}
	return v
}
