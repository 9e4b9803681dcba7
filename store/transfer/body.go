package transfer

import (
	"io"
	"os"
	"sync/atomic"
)

// blockSize is what of a body is counted at a time, in bytes.
const blockSize = 1 << 20

// partOf returns a range of a body, whose bytes are counted as moved when they first
// leave. A store may read them again, to check them or after a failure.
func partOf(body *io.SectionReader, off, size int64, moved func(n int64)) *io.SectionReader {
	r, base := bottom(body)
	s := &sender{moved: moved, r: r, off: base + off, size: size, seen: make([]atomic.Bool, (size+blockSize-1)/blockSize)}
	if f, ok := r.(*os.File); ok {
		return io.NewSectionReader(&fileSender{s, f}, s.off, size)
	}
	return io.NewSectionReader(s, s.off, size)
}

// fresh returns a section of the same bytes that nobody has read from.
func fresh(body *io.SectionReader) *io.SectionReader { return io.NewSectionReader(body.Outer()) }

// bottom returns the reader that a body is a section of, and where in it the body is.
func bottom(body *io.SectionReader) (r io.ReaderAt, off int64) {
	r, off, _ = body.Outer()
	for {
		inner, ok := r.(*io.SectionReader)
		if !ok {
			return r, off
		}
		outer, more, _ := inner.Outer()
		r, off = outer, off+more
	}
}

type sender struct {
	moved     func(n int64)
	r         io.ReaderAt
	off, size int64 // in r
	seen      []atomic.Bool
}

func (s *sender) ReadAt(b []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(b, off)
	s.Sent(off, int64(n))
	return n, err
}

// Sent counts the blocks of n bytes at off that were not counted before.
func (s *sender) Sent(off, n int64) {
	off -= s.off
	for i := max(0, off) / blockSize; n > 0 && i <= (off+n-1)/blockSize && i < int64(len(s.seen)); i++ {
		if !s.seen[i].Swap(true) {
			s.moved(min(blockSize, s.size-i*blockSize))
		}
	}
}

// A fileSender is a sender from a file: a [store.FileReader].
type fileSender struct {
	*sender
	file *os.File
}

// File implements [store.FileReader].
func (s *fileSender) File() *os.File { return s.file }
