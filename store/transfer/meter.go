package transfer

import (
	"io"
	"sync/atomic"
	"time"
)

// A Meter counts what transfers have done, in bytes, files, calls and time. It may
// be read while they run. The methods of a nil Meter do nothing.
type Meter struct {
	Total  atomic.Int64 // bytes of all files together, as far as they are known
	Hashed atomic.Int64 // bytes of source files read and named
	Moved  atomic.Int64 // bytes sent to the store or fetched from it, each counted once
	Copied atomic.Int64 // bytes that the store copied by itself
	Reused atomic.Int64 // bytes that were there already
	Files  atomic.Int64 // files done

	Requests atomic.Int64 // calls of the store
	Retries  atomic.Int64 // those of them that were made again

	HashNanos atomic.Int64 // nanoseconds spent hashing, summed over goroutines
	WaitNanos atomic.Int64 // nanoseconds spent waiting for the store, likewise
}

func (m *Meter) add(what func(*Meter) *atomic.Int64, n int64) {
	if m != nil {
		what(m).Add(n)
	}
}

// Expect adds to the bytes that are to be moved, copied or reused.
func (m *Meter) Expect(n int64) { m.add(func(m *Meter) *atomic.Int64 { return &m.Total }, n) }

// Reuse counts a file whose bytes were there already.
func (m *Meter) Reuse(n int64) {
	m.reused(n)
	m.Done()
}

// Done counts a file.
func (m *Meter) Done() { m.add(func(m *Meter) *atomic.Int64 { return &m.Files }, 1) }

func (m *Meter) moved(n int64) { m.add(func(m *Meter) *atomic.Int64 { return &m.Moved }, n) }

func (m *Meter) copied(n int64) { m.add(func(m *Meter) *atomic.Int64 { return &m.Copied }, n) }

func (m *Meter) reused(n int64) { m.add(func(m *Meter) *atomic.Int64 { return &m.Reused }, n) }

// asking counts a call of the store.
func (m *Meter) asking(again bool) {
	m.add(func(m *Meter) *atomic.Int64 { return &m.Requests }, 1)
	if again {
		m.add(func(m *Meter) *atomic.Int64 { return &m.Retries }, 1)
	}
}

func (m *Meter) hashedFor(d time.Duration) {
	m.add(func(m *Meter) *atomic.Int64 { return &m.HashNanos }, int64(d))
}

func (m *Meter) waitedFor(d time.Duration) {
	m.add(func(m *Meter) *atomic.Int64 { return &m.WaitNanos }, int64(d))
}

// Named counts bytes of a source file that were read and named elsewhere.
func (m *Meter) Named(n int64) { m.add(func(m *Meter) *atomic.Int64 { return &m.Hashed }, n) }

// Hashing returns r, counting what is read from it as hashed. [SumOf] of it counts
// its time as well.
func (m *Meter) Hashing(r io.Reader) io.Reader { return &counting{r, m, m.Named} }

// Moving returns r, counting what is read from it as moved.
func (m *Meter) Moving(r io.Reader) io.Reader { return &counting{r, m, m.moved} }

type counting struct {
	io.Reader
	meter *Meter
	count func(int64)
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.count(int64(n))
	return n, err
}

// HashingAt is Hashing for what is read in any order, as by a [Summer].
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

// meterOf returns the Meter that counts what is read from a reader, or nil.
func meterOf(r any) *Meter {
	switch r := r.(type) {
	case *counting:
		return r.meter
	case *hashingAt:
		return r.meter
	}
	return nil
}
