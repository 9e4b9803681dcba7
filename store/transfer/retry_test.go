package transfer

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairnstore/cairn/store"
)

func TestRetry(t *testing.T) {
	temporary := fmt.Errorf("%w: reset", store.ErrTemporary)
	for _, test := range []struct {
		name  string
		err   error
		fails int // how often, before it succeeds
		calls int
		fine  bool
	}{
		{"at once", nil, 0, 1, true},
		{"final", errors.New("final"), 100, 1, false},
		{"soon", temporary, tries - 1, tries, true},
		{"never", temporary, 100, tries, false},
		{"throttled for long", store.ErrThrottled, throttledTries - 1, throttledTries, true},
		{"throttled for ever", store.ErrThrottled, 100, throttledTries, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := new(Meter)
			calls, began := 0, time.Now()
			err := NewEngine(nil, m).Retry(t.Context(), func() error {
				calls++
				if calls > test.fails {
					return nil
				}
				return test.err
			})
			if calls != test.calls || (err == nil) != test.fine || !test.fine && err != test.err {
				t.Errorf("%s: %v after %d calls", test.name, err, calls)
			}
			if m.Requests.Load() != int64(calls) || m.Retries.Load() != int64(calls-1) {
				t.Errorf("%s: %d calls were counted, and %d made again", test.name, m.Requests.Load(), m.Retries.Load())
			}
			if took := time.Since(began); took > 5*time.Second*throttledTries {
				t.Errorf("%s: it took %s", test.name, took)
			}
		})
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		err := Retry(ctx, func() error {
			calls++
			cancel()
			return store.ErrThrottled
		})
		if !errors.Is(err, context.Canceled) || calls != 1 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}
