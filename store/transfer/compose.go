package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cairnstore/cairn/store"
)

// errNoComposer means that the store turned out to make no objects of parts.
var errNoComposer = errors.New("the store composes nothing")

// abortTime bounds how long parts are discarded for when the caller wants to go.
const abortTime = 10 * time.Second

// A composing is one Upload in parts.
type composing struct {
	*Upload
	e *Engine
	c store.Composer

	sent, copied, found atomic.Int64 // bytes that the Meter was told of

	discarded *started // the last that was aborted
}

// A started is a composition that an attempt began, now or earlier.
type started struct {
	store.Composition
	parts []store.Part // that it has already
}

func (s *started) bytes() (n int64) {
	for _, p := range s.parts {
		n += p.Size
	}
	return n
}

// compose makes the object of what is there already, and of what is sent.
func (e *Engine) compose(ctx context.Context, c store.Composer, u *Upload) error {
	w := &composing{Upload: u, e: e, c: c}
	size, planner := u.Body.Size(), newPlanner(c.Limits())
	whole, err := planner.whole(size)
	if err != nil {
		return &store.Error{Op: "create", Key: u.Key, Err: err}
	}
	var left *started
	if u.Resume {
		if left, err = w.find(ctx, whole); err != nil {
			return err
		}
	}
	if pieces := planner.copying(size, u.Copies); pieces != nil && (left == nil || sentBytes(pieces) < size-left.bytes()) {
		if left != nil {
			w.abort(ctx, left)
		}
		if err := w.make(ctx, pieces, nil); !sendingHelps(err) {
			return err
		}
		w.discount()
		left = nil
		// A server may have been at work on a part of it still, and keep that.
		defer func() {
			if w.discarded != nil {
				w.abort(ctx, w.discarded)
			}
		}()
	}
	err = w.make(ctx, whole, left)
	if left != nil && errors.Is(err, fs.ErrNotExist) { // a server discards what lies too long
		w.discount()
		err = w.make(ctx, whole, nil)
	}
	return err
}

// sendingHelps reports whether all of it may be stored where some of it could not be
// copied.
func sendingHelps(err error) bool {
	var refused *copyError
	return errors.As(err, &refused) || errors.Is(err, store.ErrChecksum) || errors.Is(err, errNoComposer)
}

// discount takes back what the Meter was told of a composition that came to nothing.
func (w *composing) discount() {
	w.e.meter.moved(-w.sent.Swap(0))
	w.e.meter.copied(-w.copied.Swap(0))
	w.e.meter.reused(-w.found.Swap(0))
}

// make makes the object of pieces, in a composition that was begun or a new one.
func (w *composing) make(ctx context.Context, pieces []piece, s *started) (err error) {
	copies := sentBytes(pieces) < w.Body.Size()
	if s == nil {
		if s, err = w.begin(ctx, copies); err != nil {
			return err
		}
	}
	parts, err := w.store(ctx, pieces, s)
	if err == nil {
		err = w.complete(ctx, s, parts)
	}
	if err != nil && (copies || !w.Park || !mayPass(ctx, err)) {
		w.abort(ctx, s)
	}
	return err
}

// mayPass reports whether another attempt may succeed where this one failed.
func mayPass(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, store.ErrTemporary)
}

func (w *composing) begin(ctx context.Context, copies bool) (*started, error) {
	s := new(started)
	err := w.e.call(ctx, func() (err error) {
		s.Composition, err = w.c.Compose(ctx, w.Key, w.Body.Size(), &store.ComposeOptions{Copies: copies})
		return err
	})
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, errNoComposer
	}
	return s, err
}

// store stores all pieces but those that are there, side by side.
func (w *composing) store(ctx context.Context, pieces []piece, s *started) (parts []store.Part, err error) {
	w.found.Add(s.bytes())
	w.e.meter.reused(s.bytes())
	var mu sync.Mutex
	parts = slices.Clone(s.parts)
	has := make(map[int]bool)
	for _, p := range s.parts {
		has[p.Number] = true
	}
	var missing []int
	for i := range pieces {
		if !has[i+1] {
			missing = append(missing, i)
		}
	}
	err = Each(ctx, sideBySide(len(pieces)), missing, func(ctx context.Context, i int) error {
		part, err := w.storePiece(ctx, s, pieces[i], i+1, len(pieces))
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		parts = append(parts, part)
		return nil
	})
	slices.SortFunc(parts, func(a, b store.Part) int { return cmp.Compare(a.Number, b.Number) })
	return parts, err
}

// sideBySide returns how many parts of one object are under way at once: not more than
// an eighth of it, as what is under way is lost when the process is killed.
func sideBySide(parts int) int { return min(mostRequests, max(startRequests, parts/8)) }

// A copyError is that of a part which should have been copied.
type copyError struct{ error }

func (e *copyError) Unwrap() error { return e.error }

func (w *composing) storePiece(ctx context.Context, s *started, p piece, number, of int) (store.Part, error) {
	part, err := w.part(p, number)
	if err != nil {
		return part, fmt.Errorf("part %d of %d: %w", number, of, err)
	}
	body := partOf(w.Body, p.Off, p.Size, w.moved)
	attempt := 0
	err = w.e.call(ctx, func() error {
		attempt++
		var stored store.Part
		var err error
		if p.From == "" {
			stored, err = s.Put(ctx, part, fresh(body))
		} else {
			stored, err = s.Copy(ctx, part, io.NewSectionReader(w.Body, p.Off, p.Size), p.From, p.FromOff)
		}
		if err == nil {
			part.Tag = stored.Tag
		}
		return err
	})
	if err != nil && attempt > 0 {
		err = fmt.Errorf("part %d of %d, attempt %d: %w", number, of, attempt, err)
	}
	if p.From != "" && err != nil && !mayPass(ctx, err) {
		err = &copyError{err}
	}
	if p.From != "" && err == nil {
		w.copied.Add(p.Size)
		w.e.meter.copied(p.Size)
	}
	return part, err
}

func (w *composing) moved(n int64) {
	w.sent.Add(n)
	w.e.moved(n)
}

func (w *composing) part(p piece, number int) (part store.Part, err error) {
	part = store.Part{Number: number, Off: p.Off, Size: p.Size}
	part.Sum, err = w.Sum.checksumOf(w.Body, p.Off, p.Size)
	if err != nil {
		err = &store.Error{Op: "create", Key: w.Key, Err: err}
	}
	return part, err
}

// complete makes the object of its parts, once it is certain that these are the
// bytes whose Sum was taken.
func (w *composing) complete(ctx context.Context, s *started, parts []store.Part) error {
	var sum store.Checksum
	for _, p := range parts {
		sum = joinerOf(p.Size).Join(sum, p.Sum)
	}
	if sum != w.Sum.Checksum {
		return &store.Error{Op: "create", Key: w.Key, Err: store.ErrChecksum}
	}
	err := w.e.call(ctx, func() error { return s.Complete(ctx, parts, sum) })
	if errors.Is(err, fs.ErrNotExist) { // no such composition, perhaps no more
		if there := w.e.expectSize(ctx, w.Key, w.Body.Size()); !errors.Is(there, fs.ErrNotExist) {
			return there
		}
	}
	return err
}

// find returns what earlier attempts have left of the whole, and discards all but the
// one that has most. It returns nil if there is none.
func (w *composing) find(ctx context.Context, whole []piece) (most *started, err error) {
	var left []store.Composition
	err = w.e.call(ctx, func() (err error) {
		left, err = w.c.Compositions(ctx, w.Key)
		return err
	})
	if err != nil || len(left) == 0 {
		return nil, unlessRefused(err)
	}
	parts := make([]store.Part, len(whole))
	for i, p := range whole {
		if parts[i], err = w.part(p, i+1); err != nil {
			return nil, err
		}
	}
	for _, c := range left {
		s := &started{Composition: c}
		err := w.e.call(ctx, func() (err error) {
			s.parts, err = c.Find(ctx, parts)
			return err
		})
		if err := unlessRefused(err); err != nil {
			return nil, err
		}
		if len(s.parts) > 0 && (most == nil || s.bytes() > most.bytes()) {
			most, s = s, most
		}
		if s != nil {
			w.abort(ctx, s)
		}
	}
	return most, nil
}

// unlessRefused returns err, unless it means that what was left is out of reach: then
// all is sent again.
func unlessRefused(err error) error {
	for _, refused := range []error{errors.ErrUnsupported, fs.ErrPermission, fs.ErrNotExist} {
		if errors.Is(err, refused) {
			return nil
		}
	}
	return err
}

// abort discards what was stored, also for a caller whose context has ended.
func (w *composing) abort(ctx context.Context, s *started) {
	w.discarded = s
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	w.e.ask(false, func() error { s.Abort(ctx); return nil })
}
