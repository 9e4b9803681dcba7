package transport

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/cairnstore/cairn/store"
)

// A body is that of one request. Only the goroutine that writes the request
// reads it.
type body struct {
	section *io.SectionReader
	pos     int64 // in section

	file *os.File // that has the bytes of section from off; nil if none has
	off  int64
	sent func(off, n int64)

	mu  sync.Mutex
	err error
}

func newBody(section *io.SectionReader) *body {
	b := &body{section: section}
	b.file, b.off, b.sent = locate(section)
	return b
}

// Read implements io.Reader. A body that ends early is an error, and not that of
// a connection.
func (b *body) Read(p []byte) (int, error) {
	left := b.section.Size() - b.pos
	if left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), left)]
	n, err := b.section.ReadAt(p, b.pos)
	b.pos += int64(n)
	switch {
	case n == len(p):
		return n, nil
	case err == io.EOF:
		err = fmt.Errorf("%w: the body ends %d bytes early", store.ErrChecksum, b.section.Size()-b.pos)
	}
	err = &BodyError{err}
	b.mu.Lock()
	b.err = err
	b.mu.Unlock()
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error { return nil }

// failure returns the error of reading the body, if there was one.
func (b *body) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// A BodyError is one of reading a body, and not of sending it.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *BodyError) Unwrap() error { return e.Err }

// Unmetered returns the bytes of section for reading them beside sending them:
// the [store.FileReader] that they may come from is told nothing.
func Unmetered(section *io.SectionReader) *io.SectionReader {
	if file, off, _ := locate(section); file != nil {
		return io.NewSectionReader(file, off, section.Size())
	}
	return section
}

// locate returns the file that has the bytes of section, where in it they begin,
// and whom to tell what was sent.
func locate(section *io.SectionReader) (file *os.File, off int64, sent func(off, n int64)) {
	var at io.ReaderAt = section
	for {
		switch r := at.(type) {
		case *io.SectionReader:
			if off+section.Size() > r.Size() { // beyond its end, not that of the file
				return nil, 0, nil
			}
			inner, begin, _ := r.Outer()
			at, off = inner, off+begin
		case *os.File:
			return r, off, func(int64, int64) {}
		case store.FileReader:
			return r.File(), off, r.Sent
		default:
			return nil, 0, nil
		}
	}
}
