package mem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"

	"github.com/cairnstore/cairn/store"
)

// S3 are the limits of Amazon S3, but that a copy may be of any size.
var S3 = store.Limits{MinPart: 5 << 20, MaxPart: 5 << 30, MinCopy: 1, Parts: 10_000}

type composition struct {
	s      *Store
	key    string
	size   int64
	copies bool
	parts  map[int]part // nil once it is completed or aborted
}

type part struct {
	store.Part
	body []byte
}

// Limits implements [store.Composer].
func (s *Store) Limits() store.Limits { return s.PartLimits }

// Compose implements [store.Composer].
func (s *Store) Compose(ctx context.Context, key string, size int64, o *store.ComposeOptions) (store.Composition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, "create", key); err != nil {
		return nil, err
	}
	c := &composition{s: s, key: key, size: size, copies: o != nil && o.Copies, parts: make(map[int]part)}
	s.compositions = append(s.compositions, c)
	return c, nil
}

// Compositions implements [store.Composer].
func (s *Store) Compositions(ctx context.Context, key string) (found []store.Composition, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, "create", key); err != nil {
		return nil, err
	}
	for _, c := range s.compositions {
		if c.key == key {
			found = append(found, c)
		}
	}
	return found, nil
}

// Put implements [store.Composition].
func (c *composition) Put(ctx context.Context, p store.Part, body *io.SectionReader) (store.Part, error) {
	b, err := readAll(body)
	if err == nil && (store.ChecksumOf(b) != p.Sum || int64(len(b)) != p.Size) {
		err = store.ErrChecksum
	}
	if err != nil {
		return store.Part{}, c.fail(err)
	}
	return c.keep(ctx, p, b)
}

// Copy implements [store.Composition].
func (c *composition) Copy(ctx context.Context, p store.Part, body *io.SectionReader, from string, off int64) (store.Part, error) {
	b, err := readAll(body)
	if err == nil {
		err = c.compare(p, b, from, off)
	}
	if err != nil {
		return store.Part{}, c.fail(err)
	}
	return c.keep(ctx, p, b)
}

func (c *composition) compare(p store.Part, body []byte, from string, off int64) error {
	if !c.copies {
		return fmt.Errorf("%w: the composition was begun for none but sent parts", errors.ErrUnsupported)
	}
	if p.Size < c.s.PartLimits.MinCopy {
		return fmt.Errorf("%w: a copy of %d bytes is too small", fs.ErrInvalid, p.Size)
	}
	c.s.mu.Lock()
	source, ok := c.s.objects[from]
	c.s.mu.Unlock()
	if !ok {
		return fmt.Errorf("copying from %s: %w", from, fs.ErrNotExist)
	}
	if off < 0 || off > int64(len(source.body))-p.Size {
		return fmt.Errorf("%w: %s has no %d bytes at %d", fs.ErrInvalid, from, p.Size, off)
	}
	if !bytes.Equal(source.body[off:off+p.Size], body) || store.ChecksumOf(body) != p.Sum {
		return store.ErrChecksum
	}
	return nil
}

func (c *composition) keep(ctx context.Context, p store.Part, body []byte) (store.Part, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.open(ctx); err != nil {
		return store.Part{}, c.fail(err)
	}
	c.s.states++
	p.Tag = strconv.FormatUint(c.s.states, 10)
	c.parts[p.Number] = part{p, body}
	return p, nil
}

// Find implements [store.Composition].
func (c *composition) Find(ctx context.Context, parts []store.Part) (found []store.Part, err error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.open(ctx); err != nil {
		return nil, c.fail(err)
	}
	for _, p := range parts {
		if have, ok := c.parts[p.Number]; ok && have.Size == p.Size && have.Sum == p.Sum {
			p.Tag = have.Tag
			found = append(found, p)
		}
	}
	return found, nil
}

// Complete implements [store.Composition].
func (c *composition) Complete(ctx context.Context, parts []store.Part, sum store.Checksum) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.s.usable(ctx, "create", c.key); err != nil {
		return err
	}
	if _, ok := c.s.objects[c.key]; ok {
		return c.fail(fs.ErrExist)
	}
	if err := c.open(ctx); err != nil {
		return c.fail(err)
	}
	body, err := c.join(parts)
	if err == nil && store.ChecksumOf(body) != sum {
		err = store.ErrChecksum
	}
	if err != nil {
		return c.fail(err)
	}
	c.s.put(c.key, body)
	c.forget()
	return nil
}

// join returns the bytes of parts, which must be all that there are to the
// object, each as it was last stored.
func (c *composition) join(parts []store.Part) ([]byte, error) {
	limits := c.s.PartLimits
	if len(parts) > limits.Parts {
		return nil, fmt.Errorf("%w: %d parts are more than %d", fs.ErrInvalid, len(parts), limits.Parts)
	}
	body := make([]byte, 0, c.size)
	for i, p := range parts {
		have, ok := c.parts[p.Number]
		switch {
		case !ok || have.Tag != p.Tag:
			return nil, fmt.Errorf("%w: part %d is not stored", fs.ErrInvalid, p.Number)
		case p.Off != int64(len(body)) || i > 0 && p.Number <= parts[i-1].Number:
			return nil, fmt.Errorf("%w: part %d at %d does not follow the one before it", fs.ErrInvalid, p.Number, p.Off)
		case p.Size > limits.MaxPart, p.Size < limits.MinPart && i < len(parts)-1:
			return nil, fmt.Errorf("%w: part %d may not have %d bytes", fs.ErrInvalid, p.Number, p.Size)
		}
		body = append(body, have.body...)
	}
	if int64(len(body)) != c.size {
		return nil, fmt.Errorf("%w: the parts have %d bytes of %d", fs.ErrInvalid, len(body), c.size)
	}
	return body, nil
}

// Abort implements [store.Composition].
func (c *composition) Abort(context.Context) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.forget()
}

func (c *composition) forget() {
	c.parts = nil
	c.s.compositions = slices.DeleteFunc(c.s.compositions, func(other *composition) bool { return other == c })
}

// open reports why c cannot be used. The caller holds the lock.
func (c *composition) open(ctx context.Context) error {
	if c.parts == nil {
		return fmt.Errorf("%w: the composition was completed or aborted", fs.ErrNotExist)
	}
	return ctx.Err()
}

func (c *composition) fail(err error) error {
	return &store.Error{Op: "create", Key: c.key, Err: err}
}

func readAll(body *io.SectionReader) ([]byte, error) {
	b := make([]byte, body.Size())
	if n, err := body.ReadAt(b, 0); n < len(b) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}
