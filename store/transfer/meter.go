package transfer

import (
	"io"
	"sync/atomic"
)

// A Meter counts what transfers have done, in bytes and files. It may be read
// while they run. The methods of a nil Meter do nothing.
type Meter struct {
	Total  atomic.Int64 // bytes of all files together, as far as they are known
	Hashed atomic.Int64 // bytes of source files read and named
	Moved  atomic.Int64 // bytes sent to the store or fetched from it
	Reused atomic.Int64 // bytes that were there already
	Files  atomic.Int64 // files done
}

func (m *Meter) add(what func(*Meter) *atomic.Int64, n int64) {
	if m != nil {
		what(m).Add(n)
	}
}

// Expect adds to the bytes that are to be moved or reused.
func (m *Meter) Expect(n int64) { m.add(func(m *Meter) *atomic.Int64 { return &m.Total }, n) }

// Reuse counts a file whose bytes were there already.
func (m *Meter) Reuse(n int64) {
	m.add(func(m *Meter) *atomic.Int64 { return &m.Reused }, n)
	m.Done()
}

// Done counts a file.
func (m *Meter) Done() { m.add(func(m *Meter) *atomic.Int64 { return &m.Files }, 1) }

func (m *Meter) moved(n int64) { m.add(func(m *Meter) *atomic.Int64 { return &m.Moved }, n) }

// Named counts bytes of a source file that were read and named elsewhere.
func (m *Meter) Named(n int64) { m.add(func(m *Meter) *atomic.Int64 { return &m.Hashed }, n) }

// Hashing returns r, counting what is read from it as hashed.
func (m *Meter) Hashing(r io.Reader) io.Reader { return counting(r, m.Named) }

// Moving returns r, counting what is read from it as moved.
func (m *Meter) Moving(r io.Reader) io.Reader { return counting(r, m.moved) }

func counting(r io.Reader, count func(int64)) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		n, err := r.Read(b)
		count(int64(n))
		return n, err
	})
}

// HashingAt is Hashing for what is read in any order.
func (m *Meter) HashingAt(r io.ReaderAt) io.ReaderAt { return &hashingAt{r, m} }

type hashingAt struct {
	io.ReaderAt
	meter *Meter
}

func (h *hashingAt) ReadAt(b []byte, off int64) (int, error) {
	n, err := h.ReaderAt.ReadAt(b, off)
	h.meter.Named(int64(n))
	return n, err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// sending returns body, counting each of its bytes as moved when it is first
// read. A store may read it again, to check it or after a failure.
func (m *Meter) sending(body *io.SectionReader) *io.SectionReader {
	if m == nil {
		return body
	}
	blocks := make([]atomic.Bool, (body.Size()+blockSize-1)/blockSize)
	return io.NewSectionReader(&sender{m, body, blocks}, 0, body.Size())
}

const blockSize = 1 << 20

type sender struct {
	m    *Meter
	body *io.SectionReader
	seen []atomic.Bool // by block
}

func (s *sender) ReadAt(b []byte, off int64) (int, error) {
	n, err := s.body.ReadAt(b, off)
	for i := off / blockSize; n > 0 && i <= (off+int64(n)-1)/blockSize; i++ {
		if !s.seen[i].Swap(true) {
			s.m.moved(min(blockSize, s.body.Size()-i*blockSize))
		}
	}
	return n, err
}
