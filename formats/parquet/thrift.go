package parquet

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/encoding/thrift"

	"github.com/cairnstore/cairn/formats"
)

const (
	maxThriftNesting  = 32
	maxSchemaElements = 1 << 17
	maxRowGroups      = 1 << 15
	maxChunks         = 1 << 20
)

// The fields of a footer that are lists of large structures.
const (
	fieldSchema    = 2 // of the footer
	fieldRowGroups = 4 // of the footer
	fieldColumns   = 1 // of a row group
)

// checkFooter reads through a footer without keeping anything. The decoder takes
// memory for a list before it looks at its elements; so lists that the bytes do
// not hold, or that are longer than any in a real file, are found here.
func checkFooter(b []byte) error {
	w := walker{b: b}
	w.structure()
	if w.err == nil && len(w.b) > 0 {
		w.fail("there are %d bytes after its end", len(w.b))
	}
	return w.err
}

// A walker reads through the compact protocol of Thrift.
type walker struct {
	b      []byte
	path   []int16 // the numbers of the fields that lead here
	chunks uint64
	err    error
}

func (w *walker) fail(format string, args ...any) {
	if w.err == nil {
		w.err = formats.Unreadable("footer: %w", formats.Unreadable(format, args...))
	}
	w.b = nil
}

func (w *walker) byte() byte { return w.skip(1)[0] }

// skip returns the next n bytes, or zeros if there are not that many.
func (w *walker) skip(n uint64) []byte {
	if n > uint64(len(w.b)) {
		w.fail("it is cut off")
		return make([]byte, 16)
	}
	s := w.b[:n]
	w.b = w.b[n:]
	return s
}

func (w *walker) varint() uint64 {
	v, n := binary.Uvarint(w.b)
	if n <= 0 {
		w.fail("it is cut off")
		return 0
	}
	w.b = w.b[n:]
	return v
}

func (w *walker) structure() {
	if len(w.path) > maxThriftNesting {
		w.fail("it is nested too deeply")
		return
	}
	for id := int16(0); w.err == nil; {
		head := w.byte()
		kind := thrift.Type(head & 0xf)
		if kind == thrift.STOP {
			return
		}
		if delta := int16(head >> 4); delta != 0 {
			id += delta
		} else {
			v := w.varint()
			id = int16(v>>1) ^ -int16(v&1)
		}
		if kind != thrift.TRUE && kind != thrift.FALSE { // these have no bytes as fields
			w.path = append(w.path, id)
			w.value(kind)
			w.path = w.path[:len(w.path)-1]
		}
	}
}

func (w *walker) value(kind thrift.Type) {
	switch kind {
	case thrift.TRUE, thrift.FALSE, thrift.I8:
		w.skip(1)
	case thrift.I16, thrift.I32, thrift.I64:
		w.varint()
	case thrift.DOUBLE:
		w.skip(8)
	case thrift.BINARY:
		w.skip(w.varint())
	case thrift.LIST:
		w.list()
	case thrift.STRUCT:
		w.structure()
	default: // sets and maps do not occur in footers
		w.fail("a value of type %d", kind)
	}
}

func (w *walker) list() {
	head := w.byte()
	n, kind := uint64(head>>4), thrift.Type(head&0xf)
	if n == 15 {
		n = w.varint()
	}
	if n > uint64(len(w.b)) {
		w.fail("a list of %d elements in %d bytes", n, len(w.b))
		return
	}
	w.limit(n)
	if kind == thrift.LIST {
		w.fail("a list of lists")
		return
	}
	for ; n > 0 && w.err == nil; n-- {
		w.value(kind)
	}
}

// limit bounds the lists of large structures.
func (w *walker) limit(n uint64) {
	path := w.path
	switch {
	case len(path) == 1 && path[0] == fieldSchema && n > maxSchemaElements:
		w.fail("%d elements in the schema", n)
	case len(path) == 1 && path[0] == fieldRowGroups && n > maxRowGroups:
		w.fail("%d row groups", n)
	case len(path) == 2 && path[0] == fieldRowGroups && path[1] == fieldColumns:
		if w.chunks += n; w.chunks > maxChunks {
			w.fail("more than %d column chunks", maxChunks)
		}
	}
}
