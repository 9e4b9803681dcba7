package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/cairnstore/cairn/store"
)

// Checks are what [Examine] runs, the vital ones first.
var Checks = []Check{
	{"create-once", "a second Create of a key is refused and changes nothing", true, createOnce},
	{"create-race", "of 32 concurrent Creates exactly one wins, 20 times", true, createRace},
	{"swap-stale", "a Swap with the token of a former state is refused", true, swapStale},
	{"swap-rollback", "a token stays stale when a former value returns", true, swapRollback},
	{"swap-absent", "a Swap of an absent key with a token is refused", true, swapAbsent},
	{"swap-first", "a Swap that expects no object is refused where there is one", true, swapFirst},
	{"swap-race", "of 32 concurrent Swaps exactly one wins, 20 times", true, swapRace},
	{"read-back", "what was written is read and listed at once", true, readBack},
	{"deleted", "what was deleted is gone from reads and listings at once", true, deleted},
	{"checksum", "bytes that do not match their checksum are refused", false, checksum},
	{"ranges", "a range of an object can be read", true, ranges},
}

// Racers and Rounds are the size of the races.
const (
	Racers = 32
	Rounds = 20
)

func createOnce(ctx context.Context, s store.Store, prefix string) error {
	key := prefix + "object"
	if err := create(ctx, s, key, "first"); err != nil {
		return err
	}
	for _, body := range []string{"second", "first"} {
		if err := create(ctx, s, key, body); !errors.Is(err, fs.ErrExist) {
			return unexpected(err, "a Create of a key that exists was not refused")
		}
	}
	return expect(ctx, s, key, "first")
}

func createRace(ctx context.Context, s store.Store, prefix string) error {
	for round := range Rounds {
		key := fmt.Sprintf("%sround-%d", prefix, round)
		winner, err := race(func(racer int) error {
			return create(ctx, s, key, fmt.Sprintf("racer %d", racer))
		}, fs.ErrExist)
		if err != nil {
			return err
		}
		if err := expect(ctx, s, key, fmt.Sprintf("racer %d", winner)); err != nil {
			return err
		}
	}
	return nil
}

func swapStale(ctx context.Context, s store.Store, prefix string) error {
	key := prefix + "object"
	first, err := s.Swap(ctx, key, store.NoToken, []byte("first"))
	if err != nil {
		return err
	}
	if _, err := s.Swap(ctx, key, first, []byte("second")); err != nil {
		return err
	}
	for _, stale := range []store.Token{first, store.StaleToken} {
		if _, err := s.Swap(ctx, key, stale, []byte("third")); !errors.Is(err, store.ErrConflict) {
			return unexpected(err, "a Swap with a stale token was not refused")
		}
	}
	return expect(ctx, s, key, "second")
}

func swapRollback(ctx context.Context, s store.Store, prefix string) error {
	key := prefix + "object"
	stale, err := s.Swap(ctx, key, store.NoToken, []byte("value a, nonce 1"))
	if err != nil {
		return err
	}
	token := stale
	for _, body := range []string{"value b, nonce 2", "value a, nonce 3"} {
		if token, err = s.Swap(ctx, key, token, []byte(body)); err != nil {
			return err
		}
	}
	if _, err := s.Swap(ctx, key, stale, []byte("value c, nonce 4")); !errors.Is(err, store.ErrConflict) {
		return unexpected(err, "a Swap with the token from before a rollback was not refused")
	}
	return expect(ctx, s, key, "value a, nonce 3")
}

func swapAbsent(ctx context.Context, s store.Store, prefix string) error {
	token, err := s.Swap(ctx, prefix+"other", store.NoToken, []byte("other"))
	if err != nil {
		return err
	}
	key := prefix + "object"
	if _, err := s.Swap(ctx, key, token, []byte("x")); !errors.Is(err, fs.ErrNotExist) {
		return unexpected(err, "a Swap of an absent key with a token was not refused as such")
	}
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		return unexpected(err, "a refused Swap left an object")
	}
	return nil
}

func swapFirst(ctx context.Context, s store.Store, prefix string) error {
	key := prefix + "object"
	if _, err := s.Swap(ctx, key, store.NoToken, []byte("first")); err != nil {
		return err
	}
	if _, err := s.Swap(ctx, key, store.NoToken, []byte("second")); !errors.Is(err, store.ErrConflict) {
		return unexpected(err, "a Swap that expects no object was not refused where there is one")
	}
	return expect(ctx, s, key, "first")
}

func swapRace(ctx context.Context, s store.Store, prefix string) error {
	key := prefix + "object"
	token := store.NoToken
	for round := range Rounds {
		tokens := make([]store.Token, Racers)
		winner, err := race(func(racer int) (err error) {
			tokens[racer], err = s.Swap(ctx, key, token, fmt.Appendf(nil, "round %d racer %d", round, racer))
			return err
		}, store.ErrConflict)
		if err != nil {
			return err
		}
		if err := expect(ctx, s, key, fmt.Sprintf("round %d racer %d", round, winner)); err != nil {
			return err
		}
		token = tokens[winner]
	}
	return nil
}

func readBack(ctx context.Context, s store.Store, prefix string) error {
	var want []string
	for i := range 50 {
		key := fmt.Sprintf("%sobject-%02d", prefix, i)
		if err := create(ctx, s, key, key); err != nil {
			return err
		}
		want = append(want, key)
		if err := expect(ctx, s, key, key); err != nil {
			return err
		}
		if err := expectKeys(ctx, s, prefix, want); err != nil {
			return err
		}
	}
	return nil
}

func deleted(ctx context.Context, s store.Store, prefix string) error {
	key := prefix + "object"
	if err := create(ctx, s, key, "x"); err != nil {
		return err
	}
	for range 2 { // deleting what is gone is no error
		if err := s.Delete(ctx, key); err != nil {
			return err
		}
	}
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		return unexpected(err, "a deleted object is still there")
	}
	return expectKeys(ctx, s, prefix, nil)
}

func checksum(ctx context.Context, s store.Store, prefix string) error {
	key := prefix + "object"
	err := s.Create(ctx, key, section([]byte("these bytes")), store.ChecksumOf([]byte("other bytes")))
	if !errors.Is(err, store.ErrChecksum) {
		return unexpected(err, "bytes that do not match their checksum were not refused")
	}
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		return unexpected(err, "a refused Create left an object")
	}
	return nil
}

func ranges(ctx context.Context, s store.Store, prefix string) error {
	key, body := prefix+"object", "0123456789"
	if err := create(ctx, s, key, body); err != nil {
		return err
	}
	for _, r := range []struct {
		off, n int64
		want   string
	}{{0, 3, "012"}, {3, 4, "3456"}, {7, -1, "789"}, {7, 100, "789"}, {0, 0, ""}, {10, 5, ""}, {20, -1, ""}} {
		got, info, err := read(ctx, s, key, r.off, r.n)
		if err != nil {
			return fmt.Errorf("range of %d bytes from %d: %w", r.n, r.off, err)
		}
		if got != r.want || info.Size != int64(len(body)) {
			return fmt.Errorf("range of %d bytes from %d: got %q of %d bytes", r.n, r.off, got, info.Size)
		}
	}
	return nil
}

// race starts Racers at once and returns the one that won. All others must have
// failed with lost.
func race(try func(racer int) error, lost error) (winner int, err error) {
	errs := make([]error, Racers)
	start := make(chan struct{})
	var group sync.WaitGroup
	for racer := range Racers {
		group.Go(func() {
			<-start
			errs[racer] = try(racer)
		})
	}
	close(start)
	group.Wait()
	var winners []int
	for racer, err := range errs {
		switch {
		case err == nil:
			winners = append(winners, racer)
		case !errors.Is(err, lost):
			return 0, err
		}
	}
	if len(winners) != 1 {
		return 0, fmt.Errorf("%d of %d concurrent writers won", len(winners), Racers)
	}
	return winners[0], nil
}

func create(ctx context.Context, s store.Store, key, body string) error {
	return s.Create(ctx, key, section([]byte(body)), store.ChecksumOf([]byte(body)))
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func read(ctx context.Context, s store.Store, key string, off, n int64) (string, store.Info, error) {
	r, info, err := s.Open(ctx, key, off, n)
	if err != nil {
		return "", info, err
	}
	defer r.Close()
	var b strings.Builder
	_, err = io.Copy(&b, r)
	return b.String(), info, err
}

func expect(ctx context.Context, s store.Store, key, want string) error {
	got, _, err := read(ctx, s, key, 0, -1)
	if err == nil && got != want {
		err = fmt.Errorf("%s holds %.40q, not %.40q that was acknowledged", key, got, want)
	}
	return err
}

func expectKeys(ctx context.Context, s store.Store, prefix string, want []string) error {
	var got []string
	for info, err := range s.List(ctx, prefix, nil) {
		if err != nil {
			return err
		}
		got = append(got, info.Key)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the listing has %d keys and not the %d that there are", len(got), len(want))
	}
	return nil
}

// unexpected is the error of a call that should have been refused: what went
// wrong instead, or that it was not refused at all.
func unexpected(err error, what string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return errors.New(what)
}
