package transfer

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/cairnstore/cairn/store"
)

// stallTime is how long a stream may bring nothing before it is given up.
var stallTime = 30 * time.Second

// Open is [store.Store.Open] of a stream that does not wait for ever: one that
// brings nothing for half a minute, as from a server that is gone, ends with
// [store.ErrTemporary].
func Open(ctx context.Context, s store.Store, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &impatient{key: key, cancel: cancel}
	r.timer = time.AfterFunc(stallTime, func() { r.stalled.Store(true); cancel() })
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
	body    io.ReadCloser
	timer   *time.Timer
	stalled atomic.Bool
	cancel  context.CancelFunc
}

func (r *impatient) Read(b []byte) (int, error) {
	n, err := r.body.Read(b)
	if n > 0 {
		r.timer.Reset(stallTime)
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
	return fmt.Errorf("reading %s: %w: nothing came for %s", r.key, store.ErrTemporary, stallTime)
}
