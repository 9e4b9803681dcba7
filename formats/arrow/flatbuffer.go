package arrow

import "encoding/binary"

// A table is a table of a FlatBuffer. The library reads such tables without
// asking whether they are sound: offsets wrap around, indexes pass the ends of
// vectors, and what it finds there becomes sizes of memory. So all that it will
// read is read here first. Whatever is outside of the bytes panics.
type table struct {
	b   []byte
	pos int
}

func rootTable(b []byte) table {
	return table{b[:len(b):len(b)], int(binary.LittleEndian.Uint32(b))}
}

// at returns the position of the i-th member, 0 if it is left out.
func (t table) at(i int) int {
	vtable := t.pos - int(int32(binary.LittleEndian.Uint32(t.b[t.pos:])))
	entry := 4 + 2*i
	if entry >= int(binary.LittleEndian.Uint16(t.b[vtable:])) {
		return 0
	}
	if offset := int(binary.LittleEndian.Uint16(t.b[vtable+entry:])); offset != 0 {
		return t.pos + offset
	}
	return 0
}

func (t table) int8(i int) int8 {
	if p := t.at(i); p != 0 {
		return int8(t.b[p])
	}
	return 0
}

func (t table) int16(i int, absent int16) int16 {
	if p := t.at(i); p != 0 {
		return int16(binary.LittleEndian.Uint16(t.b[p:]))
	}
	return absent
}

func (t table) int32(i int, absent int32) int32 {
	if p := t.at(i); p != 0 {
		return int32(binary.LittleEndian.Uint32(t.b[p:]))
	}
	return absent
}

func (t table) int64(i int) int64 {
	if p := t.at(i); p != 0 {
		return int64(binary.LittleEndian.Uint64(t.b[p:]))
	}
	return 0
}

// follow returns where the offset at p leads: only forward, so there are no loops.
func (t table) follow(p int) int { return p + int(binary.LittleEndian.Uint32(t.b[p:])) }

func (t table) table(i int) (_ table, ok bool) {
	p := t.at(i)
	if p == 0 {
		return table{}, false
	}
	return table{t.b, t.follow(p)}, true
}

// vector returns the bytes of a vector of elements of so many bytes.
func (t table) vector(i, width int) []byte {
	p := t.at(i)
	if p == 0 {
		return nil
	}
	p = t.follow(p)
	n := int(binary.LittleEndian.Uint32(t.b[p:])) * width
	return t.b[p+4 : p+4+n]
}

func (t table) text(i int) string { return string(t.vector(i, 1)) }

// tables calls each for the elements of a vector of tables.
func (t table) tables(i int, each func(table) error) error {
	n := len(t.vector(i, 4)) / 4
	if n == 0 {
		return nil
	}
	start := t.follow(t.at(i)) + 4
	for k := range n {
		if err := each(table{t.b, t.follow(start + 4*k)}); err != nil {
			return err
		}
	}
	return nil
}
