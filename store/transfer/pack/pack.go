// Package pack joins small files into tar archives, so that one request moves
// thousands of them. [Split] says which files go together, a [Writer] makes the
// archive, and [Read] hands out what lies in one, or in a part of one.
//
// Which bytes an archive has follows from the files alone, so that one which an
// earlier attempt has stored is known by its digest.
package pack

import (
	"archive/tar"
	"bytes"
	"fmt"

	"github.com/cairnstore/cairn/layout"
)

const (
	// MaxFile is the size of the smallest file that is too large to be packed, in
	// bytes.
	MaxFile = 1 << 20

	// MinFiles is how many small files are worth packing.
	MinFiles = 32

	// target is the size of an archive, in bytes: large enough that requests do not
	// count, and small enough that several are made and sent side by side in little
	// memory.
	target = 16 << 20
)

// end is what an archive has after its members, in bytes.
const end = 2 * layout.TarBlock

// room is what a file takes in an archive, in bytes, if not less: a header, a
// second one if its name is long or not plain, and what fills its last block.
func room(path string, size int64) int64 {
	const plain = 100 // bytes of a name that fits into the header
	room := size + 2*layout.TarBlock
	if len(path) > plain || !isASCII(path) {
		room += int64(len(path)) + 3*layout.TarBlock
	}
	return room
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// A Span is the files from From up to, but not including, To.
type Span struct {
	From, To int
	Room     int64 // bytes that their archive has at most
}

// Split parts n files, of which file says path and size, in their order into spans
// of one archive each.
func Split(n int, file func(i int) (path string, size int64)) []Span {
	var spans []Span
	from, total := 0, int64(0)
	for i := range n {
		needs := room(file(i))
		if total += needs; total > target && i > from {
			spans = append(spans, Span{from, i, total - needs + end})
			from, total = i, needs
		}
	}
	if from < n {
		spans = append(spans, Span{from, n, total + end})
	}
	return spans
}

// A Writer makes one archive, in memory.
type Writer struct {
	room int64 // that the first file makes
	buf  bytes.Buffer
	tar  *tar.Writer
}

// NewWriter returns a Writer of an archive without members, which will have room
// bytes at most.
func NewWriter(room int64) *Writer {
	w := &Writer{room: room}
	w.tar = tar.NewWriter(&w.buf)
	return w
}

// Add appends a file, and returns the block where its bytes begin.
func (w *Writer) Add(path string, b []byte) (block int32, err error) {
	if w.buf.Cap() == 0 {
		w.buf.Grow(int(w.room))
	}
	if err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Size: int64(len(b)), Mode: 0o444}); err != nil {
		return 0, fmt.Errorf("packing %s: %w", path, err)
	}
	block = int32(w.buf.Len() / layout.TarBlock)
	if _, err := w.tar.Write(b); err != nil {
		return 0, fmt.Errorf("packing %s: %w", path, err)
	}
	return block, nil
}

// Close ends the archive and returns its bytes.
func (w *Writer) Close() ([]byte, error) {
	err := w.tar.Close()
	return w.buf.Bytes(), err
}
