package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/doctor"
)

// composeChecks are those that a Store must pass which is a [store.Composer].
var composeChecks = []doctor.Check{
	{Name: "compose", Promise: "an object is there, whole, when its parts are completed, and not before", Run: composing(compose)},
	{Name: "compose-once", Promise: "completing what exists already is refused and changes nothing", Run: composing(composeOnce)},
	{Name: "compose-race", Promise: "of 16 who create and compose one key exactly one wins, 5 times", Run: composing(composeRace)},
	{Name: "compose-checksum", Promise: "parts and objects that do not match their checksum are refused", Run: composing(composeChecksum)},
	{Name: "compose-again", Promise: "a part can be sent again", Run: composing(composeAgain)},
	{Name: "compose-find", Promise: "what was begun is found again with its parts", Run: composing(composeFind)},
	{Name: "compose-abort", Promise: "nothing is left of what was aborted", Run: composing(composeAbort)},
	{Name: "compose-copy", Promise: "ranges of other objects become parts", Run: composing(composeCopy)},
	{Name: "compose-copy-checksum", Promise: "a copy that is not what it should be is refused", Run: composing(composeCopyChecksum)},
	{Name: "compose-refused", Promise: "illegal keys and ended contexts are refused", Run: composing(composeRefused)},
}

func composing(check func(ctx context.Context, s store.Composer, prefix string) error) func(context.Context, store.Store, string) error {
	return func(ctx context.Context, s store.Store, prefix string) error {
		return check(ctx, s.(store.Composer), prefix)
	}
}

// composes reports whether anything can be composed in s.
func composes(ctx context.Context, s store.Store, prefix string) (bool, error) {
	c, ok := s.(store.Composer)
	if !ok {
		return false, nil
	}
	made, err := c.Compose(ctx, prefix+"probe", 1, nil)
	if errors.Is(err, errors.ErrUnsupported) {
		return false, nil
	}
	if err == nil {
		made.Abort(ctx)
	}
	return true, err
}

func compose(ctx context.Context, s store.Composer, prefix string) error {
	for name, p := range map[string]*parted{"three": threeParts(s), "one": part(1000)} {
		key := prefix + name + "/object"
		c, err := p.compose(ctx, s, key)
		if err != nil {
			return err
		}
		if err := p.putAll(ctx, c); err != nil {
			return err
		}
		if err := expectAbsent(ctx, s, key); err != nil {
			return err
		}
		if err := p.complete(ctx, c); err != nil {
			return err
		}
		if err := expectAlone(ctx, s, prefix+name+"/", key, p.body); err != nil {
			return err
		}
		if err := expectNoneBegun(ctx, s, key); err != nil {
			return err
		}
	}
	return nil
}

func composeOnce(ctx context.Context, s store.Composer, prefix string) error {
	key, p := prefix+"object", part(1000)
	c, err := p.compose(ctx, s, key)
	if err != nil {
		return err
	}
	if err := p.putAll(ctx, c); err != nil {
		return err
	}
	if err := create(ctx, s, key, []byte("first")); err != nil {
		return err
	}
	if err := p.complete(ctx, c); !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("completing what exists: %v", err)
	}
	c.Abort(ctx)
	return expectAlone(ctx, s, prefix, key, []byte("first"))
}

func composeRace(ctx context.Context, s store.Composer, prefix string) error {
	for round := range 5 {
		key := fmt.Sprintf("%sround-%d", prefix, round)
		if err := composeRound(ctx, s, key); err != nil {
			return err
		}
	}
	return nil
}

// composeRound has every racer write so many bytes as its number is, and some.
func composeRound(ctx context.Context, s store.Composer, key string) error {
	const racers = 16
	errs := make([]error, racers)
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	ready.Add(racers)
	for racer := range racers {
		p := part(int64(1000 + racer))
		done.Go(func() {
			c, err := p.compose(ctx, s, key)
			if err == nil {
				defer c.Abort(ctx)
				err = p.putAll(ctx, c)
			}
			ready.Done()
			<-start
			switch {
			case err != nil:
			case racer%2 == 0:
				err = create(ctx, s, key, p.body)
			default:
				err = p.complete(ctx, c)
			}
			errs[racer] = err
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	winner := -1
	for racer, err := range errs {
		switch {
		case err == nil && winner >= 0:
			return fmt.Errorf("racers %d and %d both won", winner, racer)
		case err == nil:
			winner = racer
		case !errors.Is(err, fs.ErrExist):
			return err
		}
	}
	if winner < 0 {
		return errors.New("nobody won")
	}
	got, _, err := read(ctx, s, key, 0, -1)
	if err == nil && !bytes.Equal(got, random(1000+winner)) {
		err = fmt.Errorf("racer %d won, and %d bytes are there that are not its own", winner, len(got))
	}
	return err
}

func composeChecksum(ctx context.Context, s store.Composer, prefix string) error {
	key, p := prefix+"object", threeParts(s)
	c, err := p.compose(ctx, s, key)
	if err != nil {
		return err
	}
	p.body[10] ^= 1
	if _, err := c.Put(ctx, p.parts[0], Body(p.bytes(0))); !errors.Is(err, store.ErrChecksum) {
		return fmt.Errorf("a part with a flipped bit: %v", err)
	}
	p.body[10] ^= 1
	if err := p.putAll(ctx, c); err != nil {
		return err
	}
	if err := c.Complete(ctx, p.parts, store.ChecksumOf(p.body[1:])); !errors.Is(err, store.ErrChecksum) {
		return fmt.Errorf("parts that make another object: %v", err)
	}
	c.Abort(ctx)
	return expectKeys(ctx, s, prefix)
}

func composeAgain(ctx context.Context, s store.Composer, prefix string) error {
	key, p := prefix+"object", threeParts(s)
	c, err := p.compose(ctx, s, key)
	if err != nil {
		return err
	}
	if err := p.put(ctx, c, 1); err != nil {
		return err
	}
	if err := p.putAll(ctx, c); err != nil {
		return err
	}
	if err := p.complete(ctx, c); err != nil {
		return err
	}
	return expectAlone(ctx, s, prefix, key, p.body)
}

func composeFind(ctx context.Context, s store.Composer, prefix string) error {
	key, p := prefix+"object", threeParts(s)
	asked := slices.Clone(p.parts)
	c, err := p.compose(ctx, s, key)
	if err != nil {
		return err
	}
	for _, i := range []int{2, 0} {
		if err := p.put(ctx, c, i); err != nil {
			return err
		}
	}
	for _, other := range []string{key + "s", prefix + "objec"} {
		if err := expectNoneBegun(ctx, s, other); err != nil {
			return err
		}
	}
	begun, err := s.Compositions(ctx, key)
	if err != nil || len(begun) != 1 {
		return fmt.Errorf("%d compositions, of one that was begun: %w", len(begun), err)
	}
	asked[2].Sum = p.parts[1].Sum
	if found, err := begun[0].Find(ctx, asked); err != nil || len(found) != 1 || found[0].Number != 1 {
		return fmt.Errorf("found %+v, where the first of the parts is stored: %w", found, err)
	}
	asked[2].Sum = p.parts[2].Sum
	found, err := begun[0].Find(ctx, asked)
	if err != nil || len(found) != 2 {
		return fmt.Errorf("found %+v, where two parts are stored: %w", found, err)
	}
	for _, f := range found {
		p.parts[f.Number-1] = f
	}
	if err := p.put(ctx, begun[0], 1); err != nil {
		return err
	}
	if err := p.complete(ctx, begun[0]); err != nil {
		return err
	}
	if err := expectNoneBegun(ctx, s, key); err != nil {
		return err
	}
	return expectAlone(ctx, s, prefix, key, p.body)
}

func composeAbort(ctx context.Context, s store.Composer, prefix string) error {
	key, p := prefix+"object", threeParts(s)
	c, err := p.compose(ctx, s, key)
	if err != nil {
		return err
	}
	if err := p.putAll(ctx, c); err != nil {
		return err
	}
	c.Abort(ctx)
	if err := p.complete(ctx, c); err == nil {
		return errors.New("what was aborted was completed")
	}
	if err := expectNoneBegun(ctx, s, key); err != nil {
		return err
	}
	return expectKeys(ctx, s, prefix)
}

func composeRefused(ctx context.Context, s store.Composer, prefix string) error {
	if _, err := s.Compose(ctx, prefix+"a b", 1000, nil); !errors.Is(err, fs.ErrInvalid) {
		return fmt.Errorf("composing an illegal key: %v", err)
	}
	key, p := prefix+"object", part(1000)
	c, err := p.compose(ctx, s, key)
	if err != nil {
		return err
	}
	if err := p.putAll(ctx, c); err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, composeErr := p.compose(ended, s, key)
	_, foundErr := s.Compositions(ended, key)
	_, findErr := c.Find(ended, p.parts)
	for op, err := range map[string]error{
		"compose": composeErr, "compositions": foundErr, "find": findErr,
		"put": p.put(ended, c, 0), "complete": p.complete(ended, c),
	} {
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%s with a cancelled context: %v", op, err)
		}
	}
	c.Abort(ctx)
	return expectKeys(ctx, s, prefix)
}

// expectAlone returns an error unless the object at key holds body, and is all
// that lies under prefix: no part of it is left there.
func expectAlone(ctx context.Context, s store.Store, prefix, key string, body []byte) error {
	got, info, err := read(ctx, s, key, 0, -1)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, body) || info.Size != int64(len(body)) {
		return fmt.Errorf("%d bytes came back as %d others", len(body), len(got))
	}
	return expectKeys(ctx, s, prefix, key)
}

func expectKeys(ctx context.Context, s store.Store, prefix string, want ...string) error {
	for info, err := range s.List(ctx, prefix, nil) {
		if err != nil {
			return err
		}
		if len(want) == 0 || info.Key != want[0] {
			return fmt.Errorf("%s was left", info.Key)
		}
		want = want[1:]
	}
	if len(want) > 0 {
		return fmt.Errorf("%s is not listed", want[0])
	}
	return nil
}

func expectAbsent(ctx context.Context, s store.Store, key string) error {
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is an object that was not completed: %w", err)
	}
	return nil
}

func expectNoneBegun(ctx context.Context, s store.Composer, key string) error {
	begun, err := s.Compositions(ctx, key)
	if err == nil && len(begun) > 0 {
		err = fmt.Errorf("%d compositions of %s are left", len(begun), key)
	}
	return err
}
