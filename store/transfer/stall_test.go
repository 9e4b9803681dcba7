package transfer

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
)

// A silent store answers, and then sends nothing until it is told to stop.
type silent struct{ store.Store }

func (silent) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	return silence{ctx}, store.Info{Key: key, Size: 1}, nil
}

type silence struct{ ctx context.Context }

func (s silence) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (s silence) Close() error             { return nil }

func TestOpenGivesUpOnSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, err := Open(t.Context(), silent{mem.New()}, "key", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.ReadAll(r); !errors.Is(err, store.ErrTemporary) || errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		// What the caller ends is no stall.
		ctx, cancel := context.WithCancel(t.Context())
		r, _, err = Open(ctx, silent{mem.New()}, "key", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cancel()
		if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrTemporary) {
			t.Errorf("got %v", err)
		}
	})
}
