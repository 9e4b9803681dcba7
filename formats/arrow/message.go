package arrow

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/cairnstore/cairn/formats"
)

// Headers of messages by their numbers in the format.
const (
	headerSchema     = 1
	headerDictionary = 2
	headerBatch      = 3
)

// Versions of the format. Before version 5, unions could be null.
const (
	version4 = 3
	version5 = 4
)

// maxSlots is the largest number of elements of one array, as the format
// recommends. An array of more than freeSlots has them only if the message has a
// bit for each: nulls of the type null take no bytes, and a few bytes could claim
// as many as take a day to count.
const (
	maxSlots  = math.MaxInt32
	freeSlots = 1 << 20
)

// maxInflated is how many bytes the buffers of a message may have after
// decompression, beyond 255 for each that is there: the most that LZ4 can do.
var maxInflated int64 = 1 << 30

// A message is what a message says before its body is read.
type message struct {
	header  int
	version int
	body    int64 // length
	content table
}

func readMessage(meta []byte) (*message, error) {
	t := rootTable(meta)
	m := &message{version: int(t.int16(0, 0)), header: int(t.int8(1)), body: t.int64(3)}
	content, ok := t.table(2)
	if m.version != version4 && m.version != version5 || !ok || m.body < 0 {
		return nil, formats.Unreadable("a message is broken, or of another version")
	}
	m.content = content
	return m, nil
}

// check checks that the body holds what the library is going to look for there.
func (m *message) check(s *schema, body io.ReaderAt) error {
	switch m.header {
	case headerSchema:
		return nil
	case headerBatch:
		if c, ok := m.content.table(3); ok {
			s.compressed, s.codec = true, c.int8(0)
		}
		return m.checkArrays(m.content, s.fields, m.version, body)
	case headerDictionary:
		batch, ok := m.content.table(1)
		f := s.dictionaries[m.content.int64(0)]
		if !ok || f == nil {
			return formats.Unreadable("a dictionary belongs to no field")
		}
		values := *f
		values.index = nil
		// The library takes the values of any dictionary to be of version 1.
		return m.checkArrays(batch, []*field{&values}, 0, body)
	}
	return formats.Unreadable("a message is neither schema nor dictionary nor batch")
}

// A layout goes over the arrays that a message should have, and their buffers.
type layout struct {
	version   int
	nodes     []byte
	buffers   []int64 // lengths, decompressed
	size      int64   // of all buffers
	variadics []byte
}

var errShort = formats.Unreadable("a message lacks buffers, or bytes in them")

func (m *message) checkArrays(t table, fields []*field, version int, body io.ReaderAt) error {
	l := &layout{version: version, nodes: t.vector(1, 16), variadics: t.vector(4, 8)}
	if err := l.readBuffers(t, m.body, body); err != nil {
		return err
	}
	for _, f := range fields {
		if n := l.array(f); n < 0 {
			return errShort
		}
	}
	return nil
}

func (l *layout) readBuffers(t table, size int64, body io.ReaderAt) error {
	compression, compressed := t.table(3)
	if compressed && (compression.int8(0) > 1 || compression.int8(0) < 0 || compression.int8(1) != 0) {
		return formats.Unreadable("its compression is not known")
	}
	var stored, inflated int64
	for b := t.vector(2, 16); len(b) > 0; b = b[16:] {
		offset, n := int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))
		if offset < 0 || n < 0 || n > size || offset > size-n {
			return formats.Unreadable("a buffer is outside of its message")
		}
		if stored += n; stored > size {
			return formats.Unreadable("buffers overlap")
		}
		if compressed && n > 0 {
			var err error
			if n, err = inflatedSize(body, offset, n); err != nil {
				return err
			}
			if n < 0 || n > maxInflated+255*size-inflated {
				return formats.Unreadable("a compressed buffer claims %d bytes", uint64(n))
			}
			inflated += n
		}
		l.buffers = append(l.buffers, n)
		l.size += n
	}
	return nil
}

// inflatedSize returns the size that a compressed buffer says it has when it is
// decompressed: before the data, or -1 if there the data is not compressed.
func inflatedSize(body io.ReaderAt, offset, n int64) (int64, error) {
	if n < 8 {
		return 0, errShort
	}
	var prefix [8]byte
	if _, err := body.ReadAt(prefix[:], offset); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if size := int64(binary.LittleEndian.Uint64(prefix[:])); size != -1 {
		return size, nil
	}
	return n - 8, nil
}

// buffer takes the next buffer, and reports whether it has so many bytes.
func (l *layout) buffer(atLeast int) bool {
	if len(l.buffers) == 0 {
		return false
	}
	n := l.buffers[0]
	l.buffers = l.buffers[1:]
	return n >= int64(atLeast)
}

// array takes the next array with its children, as the library is going to. It
// returns the number of slots, -1 if something is missing.
func (l *layout) array(f *field) int {
	if len(l.nodes) < 16 {
		return -1
	}
	length, nulls := int64(binary.LittleEndian.Uint64(l.nodes)), binary.LittleEndian.Uint64(l.nodes[8:])
	l.nodes = l.nodes[16:]
	if length < 0 || length > min(maxSlots, freeSlots+8*l.size) {
		return -1
	}
	n := int(length)
	if l.hasValidity(f) {
		validity := 0
		if nulls != 0 {
			validity = bitBytes(n)
		}
		if !l.buffer(validity) {
			return -1
		}
	}
	if f.index != nil {
		return ifTrue(n, l.buffer(n*f.index.width/8))
	}
	return ifTrue(n, l.values(f, n) && l.children(f, n))
}

func ifTrue(n int, ok bool) int {
	if ok {
		return n
	}
	return -1
}

func bitBytes(n int) int { return (n + 7) / 8 }

func (l *layout) hasValidity(f *field) bool {
	if f.index != nil {
		return true
	}
	switch f.kind {
	case kindNull:
		return false
	case kindUnion, kindRunEnd:
		return l.version < version5
	}
	return true
}

// values takes the buffers of n slots but for validity.
func (l *layout) values(f *field, n int) bool {
	offsets := func(width int) int {
		if n == 0 {
			return 0
		}
		return (n + 1) * width
	}
	switch f.kind {
	case kindNull, kindStruct, kindFixedList, kindRunEnd:
		return true
	case kindString, kindBinary:
		return l.buffer(offsets(4)) && l.buffer(0)
	case kindLargeString, kindLargeBinary:
		return l.buffer(offsets(8)) && l.buffer(0)
	case kindList, kindMap:
		return l.buffer(offsets(4))
	case kindLargeList:
		return l.buffer(offsets(8))
	case kindListView, kindLargeListView:
		width := 4
		if f.kind == kindLargeListView {
			width = 8
		}
		starts, sizes := l.buffer(n*width), l.buffer(n*width)
		return starts && sizes
	case kindStringView, kindBinaryView:
		return l.buffer(16*n) && l.variadic()
	case kindUnion:
		return l.buffer(n) && (!f.union || l.buffer(4*n))
	}
	return f.width <= math.MaxInt32 && l.buffer(bitBytes(n*f.width))
}

// variadic takes the buffers that views point to.
func (l *layout) variadic() bool {
	if len(l.variadics) < 8 {
		return false
	}
	count := binary.LittleEndian.Uint64(l.variadics)
	l.variadics = l.variadics[8:]
	if count > uint64(len(l.buffers)) {
		return false
	}
	l.buffers = l.buffers[count:]
	return true
}

// children takes the arrays below n slots, and checks their lengths where these
// follow from n.
func (l *layout) children(f *field, n int) bool {
	for _, child := range f.children {
		length := l.array(child)
		switch {
		case length < 0,
			f.kind == kindStruct && length != n,
			f.kind == kindFixedList && length/max(1, f.size) < n && f.size > 0:
			return false
		}
	}
	return true
}
