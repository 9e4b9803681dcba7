package model

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
)

// A cursor reads a part of a file from front to back. Its first error stays:
// from then on all it reads is zero, so a caller checks err where it matters
// and in every loop.
type cursor struct {
	format string
	src    *source
	jump   io.Seeker // skips in the file; nil where that is inflated
	buf    *bufio.Reader
	off    int64 // of the next byte
	end    int64 // reading does not go beyond
	err    error
	number [8]byte // the one being read
}

// A source reads until the context ends. It keeps an error of the file apart
// from those that a decompressor makes of what is in it.
type source struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

const bufferSize = 16 << 10

// cursor reads the bytes of f from off to end.
func (f *file) cursor(format string, off, end int64) *cursor {
	section := f.section(off, end)
	src := &source{ctx: f.ctx, r: section}
	buf := bufio.NewReaderSize(src, int(min(bufferSize, end-off)))
	return &cursor{format: format, src: src, jump: section, buf: buf, off: off, end: end}
}

// inflating reads what inflate makes of the bytes of f from off to end, but no
// more than limit bytes of it.
func (f *file) inflating(format string, off, end, limit int64, inflate func(io.Reader) (io.Reader, error)) *cursor {
	src := &source{ctx: f.ctx, r: f.section(off, end)}
	c := &cursor{format: format, src: src, end: limit}
	r, err := inflate(bufio.NewReaderSize(src, int(min(bufferSize, end-off))))
	if err != nil {
		r = bytes.NewReader(nil)
		c.fail(err)
	}
	c.buf = bufio.NewReaderSize(r, int(min(bufferSize, limit)))
	return c
}

// broken makes the file the first error, at the place reached.
func (c *cursor) broken(field, reason string, args ...any) {
	c.brokenAt(c.off, field, reason, args...)
}

func (c *cursor) brokenAt(off int64, field, reason string, args ...any) {
	if c.err == nil {
		c.err = broken(c.format, off, field, reason, args...)
	}
}

// fail makes of an error in reading the first error.
func (c *cursor) fail(err error) {
	switch {
	case c.err != nil:
	case c.src.err != nil:
		c.err = c.src.err
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		c.broken("", "the compressed data ends too early")
	default:
		c.broken("", "%v", err)
	}
}

// has reports whether n more bytes may be read, and fails if not.
func (c *cursor) has(n int64) bool {
	if c.err == nil && (n < 0 || n > c.end-c.off) {
		c.broken("", "%d bytes are to follow, and there is room for %d", n, c.end-c.off)
	}
	return c.err == nil
}

// fill reads all of p.
func (c *cursor) fill(p []byte) {
	if !c.has(int64(len(p))) {
		return
	}
	n, err := io.ReadFull(c.buf, p)
	c.off += int64(n)
	if err != nil {
		c.fail(err)
		clear(p)
	}
}

func (c *cursor) u8() byte    { return c.fixed(1)[0] }
func (c *cursor) u16() uint16 { return binary.LittleEndian.Uint16(c.fixed(2)) }
func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.fixed(4)) }
func (c *cursor) u64() uint64 { return binary.LittleEndian.Uint64(c.fixed(8)) }

// fixed reads n bytes, which are good until the next call, and zero after an
// error.
func (c *cursor) fixed(n int) []byte {
	b := c.number[:n]
	clear(b)
	c.fill(b)
	return b
}

// length reads a length of 8 bytes. One too large for any file is -1, which
// every use of a length refuses.
func (c *cursor) length() int64 {
	if n := int64(c.u64()); n >= 0 {
		return n
	}
	return -1
}

// text reads n bytes, at most limit.
func (c *cursor) text(n, limit int64) string {
	if !c.has(n) {
		return ""
	}
	if n > limit {
		c.broken("", "a text of %d bytes is longer than the limit of %d", n, limit)
		return ""
	}
	b := make([]byte, n)
	c.fill(b)
	return string(b)
}

// line reads up to the next line feed and leaves that out. Of a line that is
// longer than limit it returns the beginning, and false.
func (c *cursor) line(limit int) (string, bool) {
	var line []byte
	for short := true; ; {
		b := c.u8()
		if c.err != nil {
			return "", false
		}
		if b == '\n' {
			return string(line), short
		}
		if short = short && len(line) < limit; short {
			line = append(line, b)
		}
	}
}

// skip passes over n bytes, without reading those of a file.
func (c *cursor) skip(n int64) {
	if !c.has(n) {
		return
	}
	near := n
	if c.jump != nil {
		near = min(n, int64(c.buf.Buffered()))
	}
	done, err := c.buf.Discard(int(near))
	c.off += int64(done)
	if err != nil {
		c.fail(err)
		return
	}
	if far := n - near; far > 0 {
		if _, err := c.jump.Seek(far, io.SeekCurrent); err != nil {
			c.fail(err)
		}
		c.buf.Reset(c.src)
		c.off += far
	}
}

// atEnd reports whether there is nothing more to read.
func (c *cursor) atEnd() bool {
	if c.err != nil || c.off == c.end {
		return true
	}
	_, err := c.buf.Peek(1)
	if err != nil && (err != io.EOF || c.jump != nil) {
		c.fail(err)
	}
	return err != nil
}
