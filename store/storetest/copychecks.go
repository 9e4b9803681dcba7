package storetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cairnstore/cairn/store"
)

// A source is an object to copy from, and a body whose middle part lies in it.
type source struct {
	*parted
	key string
}

const sourceOff = 1234 // where the middle part begins

func newSource(ctx context.Context, s store.Composer, key string) (*source, error) {
	limits := s.Limits()
	n := max(limits.MinPart, 100_001)
	p := part(n, max(n, limits.MinCopy)+777, 1000)
	object := slices.Concat(random(sourceOff), p.bytes(1), random(4321))
	return &source{p, key}, create(ctx, s, key, object)
}

func composeCopy(ctx context.Context, s store.Composer, prefix string) error {
	p, err := newSource(ctx, s, prefix+"source")
	if err != nil {
		return err
	}
	key := prefix + "copy/object"
	c, err := s.Compose(ctx, key, int64(len(p.body)), &store.ComposeOptions{Copies: true})
	if err != nil {
		return err
	}
	copied, err := c.Copy(ctx, p.parts[1], Body(p.bytes(1)), p.key, sourceOff)
	if s.Limits().MinCopy == 0 {
		c.Abort(ctx)
		if !errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("a copy where there can be none: %w", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	p.parts[1] = copied
	for _, i := range []int{2, 0} {
		if err := p.put(ctx, c, i); err != nil {
			return err
		}
	}
	if err := p.complete(ctx, c); err != nil {
		return err
	}
	return expectAlone(ctx, s, prefix+"copy/", key, p.body)
}

func composeCopyChecksum(ctx context.Context, s store.Composer, prefix string) error {
	if s.Limits().MinCopy == 0 {
		return nil
	}
	p, err := newSource(ctx, s, prefix+"source")
	if err != nil {
		return err
	}
	c, err := s.Compose(ctx, prefix+"copy/object", int64(len(p.body)), &store.ComposeOptions{Copies: true})
	if err != nil {
		return err
	}
	if _, err := c.Copy(ctx, p.parts[1], Body(p.bytes(1)), prefix+"none", sourceOff); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("a copy of an object that does not exist: %v", err)
	}
	p.bytes(1)[10] ^= 1
	p.parts[1].Sum = store.ChecksumOf(p.bytes(1))
	if _, err := c.Copy(ctx, p.parts[1], Body(p.bytes(1)), p.key, sourceOff); !errors.Is(err, store.ErrChecksum) {
		return fmt.Errorf("a copy of other bytes: %v", err)
	}
	c.Abort(ctx)
	return expectKeys(ctx, s, prefix+"copy/")
}
