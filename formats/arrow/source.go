package arrow

import (
	"context"
	"errors"
	"io"

	"github.com/cairnstore/cairn/formats"
)

// A source is the file. It remembers the first error of the reader, the context or
// an observer, which tells them from errors about what was read.
type source struct {
	ctx  context.Context
	r    io.ReaderAt
	size int64
	err  error

	observe formats.Observe // nil if nobody does
	sketch  bool
}

// maxSketched is the largest number of columns that are sketched: each takes about
// 100 kB for it.
const maxSketched = 512

// sketchFew has columns sketched if that is wanted and they are few.
func (s *source) sketchFew(wanted bool, columns int) { s.sketch = wanted && columns <= maxSketched }

func (s *source) ReadAt(b []byte, offset int64) (int, error) {
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.ReadAt(b, offset)
	if err == io.EOF && offset+int64(n) < s.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// bytes reads n bytes, which the caller has compared with the size.
func (s *source) bytes(offset, n int64) ([]byte, error) {
	if offset < 0 || n < 0 || n > s.size || offset > s.size-n {
		return nil, formats.Unreadable("it ends before it should")
	}
	b := make([]byte, n)
	if k, err := s.ReadAt(b, offset); int64(k) < n {
		return nil, errors.Join(formats.ErrUnreadable, err)
	}
	return b, nil
}

// settle makes of a panic or an error of the library what it should be.
func (s *source) settle(err *error) {
	if p := recover(); p != nil {
		*err = formats.Unreadable("broken or hostile: %v", p)
	}
	switch {
	case *err == nil:
	case s.err != nil:
		*err = s.err
	case s.ctx.Err() != nil:
		*err = s.ctx.Err()
	case !errors.Is(*err, formats.ErrUnreadable):
		*err = formats.Unreadable("%w", *err)
	}
}

// hasher returns a Hasher of a column whose values are shown to its observer.
func (s *source) hasher(t formats.Type, p formats.Path) (*formats.Hasher, error) {
	h, err := formats.NewHasher(t, p)
	if err != nil {
		return nil, err
	}
	if s.sketch {
		h.Sketch()
	}
	if s.observe == nil {
		return h, nil
	}
	o, err := s.observe(t, p)
	if err != nil {
		s.err = err
		return nil, err
	}
	if o != nil {
		h.Observe(watched{o, s})
	}
	return h, nil
}

// watched is an Observer whose errors the source remembers.
type watched struct {
	formats.Observer
	s *source
}

func (w watched) Observe(values []byte, n int, def, rep []byte) error {
	err := w.Observer.Observe(values, n, def, rep)
	if err != nil && w.s.err == nil {
		w.s.err = err
	}
	return err
}
