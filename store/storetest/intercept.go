package storetest

import (
	"context"
	"io"
	"iter"

	"github.com/cairnstore/cairn/store"
)

// A Call is one call of a Store.
type Call struct {
	Op   string // of a Store: "open", "stat", "list", "create", "swap", "delete"; of a Composer: "compose", "compositions", "put", "copy", "find", "complete", "abort"
	Key  string // or the prefix of a listing
	Size int64  // of the body that create, swap, put and copy were given
}

func (c Call) String() string { return c.Op + " " + c.Key }

// intercept wraps a Store so that around makes each call, or does not, and
// decides what it returns.
type intercept struct {
	store.Store
	around func(c Call, call func() error) error
}

func (s *intercept) do(op, key string, size int64, call func() error) error {
	return s.around(Call{op, key, size}, call)
}

func (s *intercept) Open(ctx context.Context, key string, off, n int64) (body io.ReadCloser, info store.Info, err error) {
	err = s.do("open", key, 0, func() (err error) {
		body, info, err = s.Store.Open(ctx, key, off, n)
		return err
	})
	if err != nil && body != nil {
		body.Close()
	}
	return body, info, err
}

func (s *intercept) Stat(ctx context.Context, key string) (info store.Info, err error) {
	err = s.do("stat", key, 0, func() (err error) {
		info, err = s.Store.Stat(ctx, key)
		return err
	})
	return info, err
}

func (s *intercept) List(ctx context.Context, prefix string, o *store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := s.do("list", prefix, 0, func() error { return nil }); err != nil {
			yield(store.Info{}, err)
			return
		}
		s.Store.List(ctx, prefix, o)(yield)
	}
}

func (s *intercept) Create(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	return s.do("create", key, body.Size(), func() error { return s.Store.Create(ctx, key, body, sum) })
}

func (s *intercept) Swap(ctx context.Context, key string, old store.Token, body []byte) (token store.Token, err error) {
	err = s.do("swap", key, int64(len(body)), func() (err error) {
		token, err = s.Store.Swap(ctx, key, old, body)
		return err
	})
	return token, err
}

func (s *intercept) Delete(ctx context.Context, key string) error {
	return s.do("delete", key, 0, func() error { return s.Store.Delete(ctx, key) })
}
