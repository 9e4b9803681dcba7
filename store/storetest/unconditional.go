package storetest

import (
	"context"
	"io"

	"github.com/cairnstore/cairn/store"
)

// Unconditional returns s as a server would show it that ignores the condition
// of one kind of write, "create" or "swap".
func Unconditional(s store.Store, write string) store.Store { return &unconditional{s, write} }

type unconditional struct {
	store.Store
	write string
}

func (u *unconditional) Create(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	if u.write == "create" {
		if err := u.Delete(ctx, key); err != nil {
			return err
		}
	}
	return u.Store.Create(ctx, key, body, sum)
}

func (u *unconditional) Swap(ctx context.Context, key string, old store.Token, body []byte) (store.Token, error) {
	if u.write == "swap" {
		if err := u.Delete(ctx, key); err != nil {
			return "", err
		}
		old = store.NoToken
	}
	return u.Store.Swap(ctx, key, old, body)
}
