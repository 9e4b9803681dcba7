package model

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"io"
)

// Limits of what a compressed pickle may become, beyond which it is a bomb.
const (
	maxRatio    = 256
	maxInflated = 64 << 20 // bytes; of a small file, whatever the ratio
)

// compressions are those that joblib reads, by what a file begins with. Those
// that cannot be undone here have no function.
var compressions = []struct {
	name, magic string
	inflate     func(io.Reader) (io.Reader, error)
}{
	{"zlib", "\x78", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
	{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{"xz", "\xfd7zXZ\x00", nil},
	{"lzma", "\x5d\x00", nil},
	{"lz4", "\x04\x22\x4d\x18", nil},
}

func isCompressed(head []byte) bool {
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.magic)) {
			return true
		}
	}
	return false
}

// inspectCompressed reads a compressed pickle, as joblib writes it on demand.
// Anything may be compressed, so if it is no pickle it is not known.
func inspectCompressed(f *file) (*Model, error) {
	head, err := f.head(32)
	if err != nil {
		return nil, err
	}
	for _, c := range compressions {
		if !bytes.HasPrefix(head, []byte(c.magic)) {
			continue
		}
		if c.inflate == nil {
			return f.unread(c.name)
		}
		m, err := f.inflated(c.inflate)
		if m != nil {
			m.note("compression", c.name)
		}
		return m, err
	}
	return nil, ErrUnknown
}

// inflated reads a compressed pickle. What does not even begin as one is
// unknown, unless the name says that it should.
func (f *file) inflated(inflate func(io.Reader) (io.Reader, error)) (*Model, error) {
	limit := int64(maxInflated)
	if f.size > maxInflated/maxRatio {
		limit = min(f.size, 1<<40) * maxRatio
	}
	format := Pickle
	if f.hint == Joblib {
		format = Joblib
	}
	c := f.inflating(format, 0, f.size, limit, inflate)
	head, _ := c.buf.Peek(2)
	if c.src.err != nil {
		return nil, c.src.err
	}
	if !isPickleHead(head) && !isPickle(f.hint) {
		return nil, ErrUnknown
	}
	p := &pickles{arrays: true}
	p.walk(c)
	return p.model(format, c)
}

// unread describes a file that its name says is a pickle, in a compression that
// is not undone here.
func (f *file) unread(compression string) (*Model, error) {
	if !isPickle(f.hint) {
		return nil, ErrUnknown
	}
	m := &Model{Format: Joblib, ExecutesCode: true, Globals: []string{"?"}}
	m.note("compression", compression)
	m.warn("the file is compressed by %s, so it was not read", compression)
	return m, nil
}
