package storetest

import (
	"context"
	"errors"
	"io"

	"github.com/cairnstore/cairn/store"
)

func (s *intercept) Limits() store.Limits {
	if c, ok := s.Store.(store.Composer); ok {
		return c.Limits()
	}
	return store.Limits{}
}

func (s *intercept) Compose(ctx context.Context, key string, size int64, o *store.ComposeOptions) (made store.Composition, err error) {
	c, ok := s.Store.(store.Composer)
	if !ok {
		return nil, &store.Error{Op: "create", Key: key, Err: errors.ErrUnsupported}
	}
	err = s.do("compose", key, 0, func() (err error) {
		made, err = c.Compose(ctx, key, size, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &composition{s, key, made}, nil
}

func (s *intercept) Compositions(ctx context.Context, key string) (found []store.Composition, err error) {
	c, ok := s.Store.(store.Composer)
	if !ok {
		return nil, &store.Error{Op: "create", Key: key, Err: errors.ErrUnsupported}
	}
	err = s.do("compositions", key, 0, func() (err error) {
		found, err = c.Compositions(ctx, key)
		return err
	})
	for i := range found {
		found[i] = &composition{s, key, found[i]}
	}
	return found, err
}

// A composition is intercept's.
type composition struct {
	s   *intercept
	key string
	store.Composition
}

func (c *composition) Put(ctx context.Context, p store.Part, body *io.SectionReader) (put store.Part, err error) {
	err = c.s.do("put", c.key, body.Size(), func() (err error) {
		put, err = c.Composition.Put(ctx, p, body)
		return err
	})
	return put, err
}

func (c *composition) Copy(ctx context.Context, p store.Part, body *io.SectionReader, from string, off int64) (put store.Part, err error) {
	err = c.s.do("copy", c.key, body.Size(), func() (err error) {
		put, err = c.Composition.Copy(ctx, p, body, from, off)
		return err
	})
	return put, err
}

func (c *composition) Find(ctx context.Context, parts []store.Part) (found []store.Part, err error) {
	err = c.s.do("find", c.key, 0, func() (err error) {
		found, err = c.Composition.Find(ctx, parts)
		return err
	})
	return found, err
}

func (c *composition) Complete(ctx context.Context, parts []store.Part, sum store.Checksum) error {
	return c.s.do("complete", c.key, 0, func() error { return c.Composition.Complete(ctx, parts, sum) })
}

func (c *composition) Abort(ctx context.Context) {
	c.s.do("abort", c.key, 0, func() error {
		c.Composition.Abort(ctx)
		return nil
	})
}
