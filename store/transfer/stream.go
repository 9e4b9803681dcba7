package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cairnstore/cairn/store"
)

const (
	// restarts is how often a stream is begun again because it is slow or silent.
	restarts = 3

	// silentTime is how long a stream that may be begun again may bring nothing.
	silentTime = 5 * time.Second
)

// Open reads n bytes of the object at key from off, or to its end if n < 0. The reader
// goes on where it stopped after failures that may pass, and where it comes slower
// than others. From the first Read until Close or an error or the last byte it has
// one of the Engine's requests; so close it, and do not wait meanwhile for another one.
func (e *Engine) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	end := int64(-1)
	if n >= 0 {
		end = off + n
	}
	s := e.open(ctx, key, off, end, -1)
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
}

// open returns the stream of a range of an object, which is corrupt if it has not the
// given size; -1 is any. There is no request yet.
func (e *Engine) open(ctx context.Context, key string, off, end, size int64) *stream {
	return &stream{e: e, ctx: ctx, key: key, from: off, pos: off, failedAt: off, end: end, size: size, patience: newPatience()}
}

// A stream is the bytes of a range of one object, whatever requests that takes.
type stream struct {
	e         *Engine
	ctx       context.Context
	key       string
	from, pos int64
	end       int64 // -1 until it is known
	size      int64 // of the object; -1 until it is known

	body     *impatient // nil while there is no request
	began    time.Time  // the request
	stride   stride
	restarts int // because it was slow or silent
	attempts int
	patience *patience
	failedAt int64 // what pos was when an attempt failed
}

// start makes sure that there is a request and an answer to it.
func (s *stream) start() error {
	for s.body == nil {
		if err := s.connect(); err != nil {
			if err = s.failed(err); err != nil {
				return err
			}
		}
	}
	return nil
}

// Read implements [io.Reader].
func (s *stream) Read(b []byte) (int, error) {
	for {
		if s.attempts > 0 && s.end >= 0 && s.pos >= s.end {
			s.close()
			return 0, io.EOF
		}
		if err := s.start(); err != nil {
			return 0, err
		}
		n, err := s.read(b)
		if n > 0 || len(b) == 0 {
			return n, nil // an error comes again
		}
		if err != nil {
			if err = s.failed(err); err != nil {
				return 0, err
			}
		}
	}
}

// connect makes one request for what is missing.
func (s *stream) connect() error {
	again := s.attempts > 0
	if err := s.e.limiter.acquire(s.ctx, again); err != nil {
		return err
	}
	s.attempts++
	s.e.meter.asking(again)
	s.began, s.stride = time.Now(), stride{}
	n := int64(-1)
	if s.end >= 0 {
		n = s.end - s.pos
	}
	wait := silentTime
	if s.restarts >= restarts {
		wait = stallTime
	}
	body, info, err := openFor(s.ctx, s.e.store, s.key, s.pos, n, wait)
	took := time.Since(s.began)
	s.e.meter.waitedFor(took)
	s.e.answered(s.began, err)
	if err != nil {
		s.e.limiter.release()
		return err
	}
	s.e.limiter.note(func(b *budget, _ time.Time) { b.opened(took) })
	s.body = body
	if s.size >= 0 && info.Size != s.size {
		return wrongSize(s.key, info.Size, s.size)
	}
	s.size = info.Size
	if s.end < 0 || s.end > s.size {
		s.end = max(s.pos, s.size)
	}
	return nil
}

func (s *stream) read(b []byte) (int, error) {
	b = b[:min(int64(len(b)), s.end-s.pos)]
	began := time.Now()
	n, err := s.body.Read(b)
	now := time.Now()
	s.e.meter.waitedFor(now.Sub(began))
	if n > 0 {
		s.pos += int64(n)
		s.e.moved(int64(n))
	}
	slow := s.stride.step(&s.e.pace, now, n, now.Sub(began))
	switch {
	case s.pos == s.end:
		s.finish()
		err = nil
	case err == io.EOF:
		err = fmt.Errorf("%w: %d of %d bytes arrived", store.ErrTemporary, s.pos-s.from, s.end-s.from)
	case err == nil && slow && s.restarts < restarts:
		s.close() // Read begins again
		s.restarts++
	}
	return n, err
}

// failed ends a request that failed with err, and waits until it is worth to begin
// again. Otherwise it returns the error of the stream.
func (s *stream) failed(err error) error {
	s.close()
	if errors.Is(err, errSilent) && s.restarts < restarts {
		s.restarts++
		return nil
	}
	if s.pos-s.failedAt >= segmentBytes { // it goes on
		s.patience, s.attempts = newPatience(), 1
	}
	s.failedAt = s.pos
	delay, again := s.patience.after(err)
	if !again {
		return fmt.Errorf("bytes %d to %d, attempt %d: %w", s.from, s.end, s.attempts, err)
	}
	return sleep(s.ctx, delay)
}

// finish ends a request all of which was read.
func (s *stream) finish() {
	s.stride.end(&s.e.pace, time.Now())
	s.body.Read(make([]byte, 1)) // the end; then the connection serves the next request
	s.close()
}

func (s *stream) close() {
	if s.body != nil {
		s.body.Close()
		s.body = nil
		s.e.limiter.release()
	}
}

// Close implements [io.Closer].
func (s *stream) Close() error {
	s.close()
	s.end = s.pos // nothing more
	return nil
}
