package arrow

import (
	"context"
	"errors"
	"io"

	"github.com/cairnstore/cairn/formats"
)

// A source is the file. It remembers the first error of the reader or the
// context, which tells them from errors about what was read.
type source struct {
	ctx  context.Context
	r    io.ReaderAt
	size int64
	err  error
}

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
