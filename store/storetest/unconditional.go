package storetest

import (
	"context"

	"github.com/cairnstore/cairn/store"
)

// Unconditional returns s as a server would show it that ignores the condition
// of one kind of write, "create" (of composed objects too) or "swap".
func Unconditional(s store.Store, write string) store.Store {
	return &unconditional{&intercept{s, func(c Call, call func() error) error {
		if write == "create" && (c.Op == "create" || c.Op == "complete") {
			if err := s.Delete(context.Background(), c.Key); err != nil {
				return err
			}
		}
		return call()
	}}, write}
}

type unconditional struct {
	store.Composer
	write string
}

func (u *unconditional) Swap(ctx context.Context, key string, old store.Token, body []byte) (store.Token, error) {
	if u.write == "swap" {
		if err := u.Delete(ctx, key); err != nil {
			return "", err
		}
		old = store.NoToken
	}
	return u.Composer.Swap(ctx, key, old, body)
}
