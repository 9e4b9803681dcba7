package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairnstore/cairn/store"
)

// ErrCorrupt means that stored bytes are not what their name says.
var ErrCorrupt = errors.New("corrupt")

// Corrupt returns an error that names the object key, says why it is not what
// it should be, and is [ErrCorrupt].
func Corrupt(key, format string, args ...any) error {
	return fmt.Errorf("%s is %w: %w", key, ErrCorrupt, fmt.Errorf(format, args...))
}

// An Engine moves files to and from one store. It is safe for concurrent use. How
// many requests it has under way at once, over all of that use, follows from what
// the store and the machine give. Its memory does not depend on the size of files.
type Engine struct {
	store   store.Store
	meter   *Meter
	limiter *limiter
	pace    pace
}

// NewEngine returns an Engine for s that counts on m, which may be nil.
func NewEngine(s store.Store, m *Meter) *Engine {
	return &Engine{store: s, meter: m, limiter: newLimiter()}
}

// Retry is [Retry] of a call of the store that is not made through the Engine, which
// is counted all the same and tells the Engine if the store asks for fewer.
func (e *Engine) Retry(ctx context.Context, f func() error) error {
	again := false
	return Retry(ctx, func() error {
		defer func() { again = true }()
		return e.ask(again, f)
	})
}

// call is Retry of f once there is a request free for it.
func (e *Engine) call(ctx context.Context, f func() error) error {
	again := false
	return Retry(ctx, func() error {
		defer func() { again = true }()
		if err := e.limiter.acquire(ctx, again); err != nil {
			return err
		}
		defer e.limiter.release()
		return e.ask(again, f)
	})
}

// ask makes one call.
func (e *Engine) ask(again bool, f func() error) error {
	e.meter.asking(again)
	began := time.Now()
	err := f()
	e.meter.waitedFor(time.Since(began))
	e.answered(began, err)
	return err
}

// answered tells the budget of a call that began at began.
func (e *Engine) answered(began time.Time, err error) {
	throttled := errors.Is(err, store.ErrThrottled)
	if errors.Is(err, store.ErrTemporary) && !throttled {
		return // it says nothing of how many there should be
	}
	e.limiter.note(func(b *budget, now time.Time) { b.answered(now, began, throttled) })
}

func (e *Engine) moved(n int64) {
	e.meter.moved(n)
	e.limiter.note(func(b *budget, now time.Time) { b.moved(now, n) })
}
