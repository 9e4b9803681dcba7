package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
)

// WithPrefix returns s confined to the keys that start with prefix, which ends
// in "/" or is empty. Its keys are those of s without the prefix; its errors
// name the keys of s, which is where a person will look. It is a [Composer]
// as far as s is one.
func WithPrefix(s Store, prefix string) Store {
	if prefix == "" {
		return s
	}
	return &prefixed{s, prefix}
}

type prefixed struct {
	s      Store
	prefix string
}

func (p *prefixed) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, Info, error) {
	r, info, err := p.s.Open(ctx, p.key(key), off, n)
	return r, p.strip(info), err
}

func (p *prefixed) Stat(ctx context.Context, key string) (Info, error) {
	info, err := p.s.Stat(ctx, p.key(key))
	return p.strip(info), err
}

func (p *prefixed) List(ctx context.Context, prefix string, o *ListOptions) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for info, err := range p.s.List(ctx, p.prefix+prefix, o) {
			if !yield(p.strip(info), err) {
				return
			}
		}
	}
}

func (p *prefixed) Create(ctx context.Context, key string, body *io.SectionReader, sum Checksum) error {
	return p.s.Create(ctx, p.key(key), body, sum)
}

func (p *prefixed) Swap(ctx context.Context, key string, old Token, body []byte) (Token, error) {
	return p.s.Swap(ctx, p.key(key), old, body)
}

func (p *prefixed) Delete(ctx context.Context, key string) error {
	return p.s.Delete(ctx, p.key(key))
}

// Limits implements [Composer]. Where s is none there is nothing that parts may be.
func (p *prefixed) Limits() Limits {
	if c, ok := p.s.(Composer); ok {
		return c.Limits()
	}
	return Limits{}
}

// Compose implements [Composer].
func (p *prefixed) Compose(ctx context.Context, key string, size int64, o *ComposeOptions) (Composition, error) {
	c, ok := p.s.(Composer)
	if !ok {
		return nil, &Error{"create", p.key(key), errors.ErrUnsupported}
	}
	made, err := c.Compose(ctx, p.key(key), size, o)
	if err != nil {
		return nil, err
	}
	return &prefixedComposition{made, p}, nil
}

// Compositions implements [Composer].
func (p *prefixed) Compositions(ctx context.Context, key string) ([]Composition, error) {
	c, ok := p.s.(Composer)
	if !ok {
		return nil, &Error{"create", p.key(key), errors.ErrUnsupported}
	}
	found, err := c.Compositions(ctx, p.key(key))
	for i := range found {
		found[i] = &prefixedComposition{found[i], p}
	}
	return found, err
}

// A prefixedComposition copies from keys without the prefix too.
type prefixedComposition struct {
	Composition
	p *prefixed
}

func (c *prefixedComposition) Copy(ctx context.Context, part Part, body *io.SectionReader, from string, off int64) (Part, error) {
	return c.Composition.Copy(ctx, part, body, c.p.key(from), off)
}

// key leaves an invalid key invalid: an empty one would otherwise become the
// prefix, which ends in "/" and is none either.
func (p *prefixed) key(key string) string { return p.prefix + key }

func (p *prefixed) strip(info Info) Info {
	info.Key = strings.TrimPrefix(info.Key, p.prefix)
	return info
}
