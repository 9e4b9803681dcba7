package storetest

import (
	"bytes"
	"context"
	"io"

	"github.com/cairnstore/cairn/store"
)

// Body returns b as the body of a Create.
func Body(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

// Read returns the whole object at key.
func Read(ctx context.Context, s store.Store, key string) ([]byte, store.Info, error) {
	return read(ctx, s, key, 0, -1)
}

// Copy makes every object of from one of to, replacing what is there.
func Copy(ctx context.Context, to, from store.Store) error {
	for info, err := range from.List(ctx, "", nil) {
		if err != nil {
			return err
		}
		b, _, err := Read(ctx, from, info.Key)
		if err != nil {
			return err
		}
		if err := to.Delete(ctx, info.Key); err != nil {
			return err
		}
		if err := create(ctx, to, info.Key, b); err != nil {
			return err
		}
	}
	return nil
}

func create(ctx context.Context, s store.Store, key string, body []byte) error {
	return s.Create(ctx, key, Body(body), store.ChecksumOf(body))
}

func read(ctx context.Context, s store.Store, key string, off, n int64) ([]byte, store.Info, error) {
	r, info, err := s.Open(ctx, key, off, n)
	if err != nil {
		return nil, info, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return b, info, err
}
