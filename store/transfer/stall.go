package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/cairnstore/cairn/store"
)

// stallTime is how long a stream may bring nothing before it is given up.
const stallTime = 30 * time.Second

var errSilent = errors.New("nothing came")

// Open is [store.Store.Open] of a stream that does not wait for ever: one that
// brings nothing for half a minute, as from a server that is gone, ends with
// [store.ErrTemporary].
func Open(ctx context.Context, s store.Store, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	r, info, err := openFor(ctx, s, key, off, n, stallTime)
	if err != nil {
		return nil, info, err // and no reader that is not nil
	}
	return r, info, nil
}

// openFor is Open that waits so long.
func openFor(ctx context.Context, s store.Store, key string, off, n int64, wait time.Duration) (*impatient, store.Info, error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &impatient{key: key, wait: wait, cancel: cancel}
	r.timer = time.AfterFunc(wait, func() { r.stalled.Store(true); cancel() })
	body, info, err := s.Open(ctx, key, off, n)
	if err != nil {
		err = r.meaning(err)
		r.stop()
		return nil, info, err
	}
	r.body = body
	return r, info, nil
}

type impatient struct {
	key     string
	wait    time.Duration
	body    io.ReadCloser
	timer   *time.Timer
	stalled atomic.Bool
	cancel  context.CancelFunc
}

func (r *impatient) Read(b []byte) (int, error) {
	n, err := r.body.Read(b)
	if n > 0 {
		r.timer.Reset(r.wait)
	}
	return n, r.meaning(err)
}

func (r *impatient) Close() error {
	r.stop()
	return r.body.Close()
}

func (r *impatient) stop() {
	r.timer.Stop()
	r.cancel()
}

// meaning tells the end that a stall made from one that the caller made.
func (r *impatient) meaning(err error) error {
	if err == nil || err == io.EOF || !r.stalled.Load() {
		return err
	}
	return fmt.Errorf("reading %s: %w: %w for %s", r.key, store.ErrTemporary, errSilent, r.wait)
}
