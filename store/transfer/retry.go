package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/cairnstore/cairn/store"
)

// How often a call is made in all. With the delays between them the first gives a
// server some seconds to come back. The second is for one that is there and says
// that it has too much to do, where patience is what helps.
const (
	tries          = 6
	throttledTries = 20
)

// Retry calls f until it succeeds, fails with something other than
// [store.ErrTemporary], or has had its tries, with growing random delays
// between. It returns what f returned last.
func Retry(ctx context.Context, f func() error) error {
	p := newPatience()
	for {
		err := f()
		delay, again := p.after(err)
		if !again {
			return err
		}
		if ended := sleep(ctx, delay); ended != nil {
			return ended
		}
	}
}

// A patience is what is left of it with one call.
type patience struct {
	delays            *backoff.ExponentialBackOff
	failed, throttled int
}

func newPatience() *patience {
	delays := backoff.NewExponentialBackOff()
	delays.InitialInterval, delays.Multiplier, delays.MaxInterval = 50*time.Millisecond, 2.5, 2500*time.Millisecond
	// A delay is anything up to twice the interval: whoever was refused together
	// does not come back together.
	delays.RandomizationFactor = 1
	return &patience{delays: delays}
}

// after says whether to try again after err, and when.
func (p *patience) after(err error) (delay time.Duration, again bool) {
	switch {
	case errors.Is(err, store.ErrThrottled):
		p.throttled++
	case errors.Is(err, store.ErrTemporary):
		p.failed++
	default:
		return 0, false
	}
	return p.delays.NextBackOff(), p.failed < tries && p.throttled < throttledTries
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
