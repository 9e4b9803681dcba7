package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/cairnstore/cairn/store"
)

// tries is how often a call is made in all. With the delays between them it
// gives a server some ten seconds to come back.
const tries = 6

// Retry calls f until it succeeds, fails with something other than
// [store.ErrTemporary], or has had its tries, with growing random delays
// between. It returns what f returned last.
func Retry(ctx context.Context, f func() error) error {
	delays := backoff.NewExponentialBackOff()
	delays.InitialInterval, delays.Multiplier, delays.MaxInterval = 50*time.Millisecond, 2.5, 5*time.Second
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := f()
		if err != nil && !errors.Is(err, store.ErrTemporary) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(delays), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(0))
	return err
}
