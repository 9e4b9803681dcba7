package cairn

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"time"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
)

// A state is a head or pointer as it was read: its meaning, its exact bytes, and
// the token to replace it with. The zero state is that of one that is absent.
type state struct {
	*layout.Pointer
	bytes []byte
	token store.Token
}

func (s state) absent() bool { return s.Pointer == nil }

// readState reads the head or pointer name of a; if there is none, the state is
// absent and the error nil.
func (r *Repo) readState(ctx context.Context, a layout.Artifact, name layout.Name) (state, error) {
	key := layout.PointerKey(a, name)
	b, info, err := r.get(ctx, key)
	if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNoRepo) {
		return state{}, nil
	}
	if err != nil {
		return state{}, err
	}
	p, err := parsePointer(key, a, name, b)
	return state{p, b, info.Token}, err
}

func parsePointer(key layout.Key, a layout.Artifact, name layout.Name, b []byte) (*layout.Pointer, error) {
	p, err := layout.ParsePointer(b)
	if err != nil {
		return nil, transfer.Corrupt(key.String(), "%w", err)
	}
	if p.Artifact != a || p.Name != name {
		return nil, transfer.Corrupt(key.String(), "it is %s of %s", p.Name, p.Artifact)
	}
	return p, nil
}

// maxMoves bounds how often a move begins again because others were faster.
const maxMoves = 100

// A change says what the next state of a head or pointer is. It fills in what
// the name is to mean and why; the rest is move's. Returning nil leaves
// everything as it is. It is called again on the new state if the swap is lost.
type change func(now state) (*layout.Pointer, error)

// move changes a head or pointer of a and returns its state afterwards, and
// whether it was this call that brought it about.
//
// The state to be replaced is archived first; then the swap is the one moment
// at which the name means something else.
func (r *Repo) move(ctx context.Context, a layout.Artifact, name layout.Name, fence int64, next change) (*layout.Pointer, bool, error) {
	if err := r.makeWritable(ctx); err != nil {
		return nil, false, err
	}
	now, err := r.readState(ctx, a, name)
	if err != nil {
		return nil, false, err
	}
	return r.moveFrom(ctx, now, a, name, fence, next)
}

// moveFrom is move of a head or pointer that was in that state when it was last read.
// If it no longer is, the swap is lost, and it is read again.
func (r *Repo) moveFrom(ctx context.Context, now state, a layout.Artifact, name layout.Name, fence int64, next change) (*layout.Pointer, bool, error) {
	for attempt := range maxMoves {
		p, err := next(now)
		if err != nil {
			return nil, false, err
		}
		if p == nil {
			return now.Pointer, false, nil
		}
		if err := r.succeed(p, now, fence); err != nil {
			return nil, false, err
		}
		won, err := r.replace(ctx, now, p)
		if err != nil {
			return nil, false, err
		}
		if won {
			return p, true, nil
		}
		if err := pause(ctx, attempt); err != nil {
			return nil, false, err
		}
		if now, err = r.readState(ctx, a, name); err != nil {
			return nil, false, err
		}
	}
	return nil, false, fmt.Errorf("%s of %s: %w, %d times in a row", name, a, ErrMoved, maxMoves)
}

// succeed makes p the state that follows now.
func (r *Repo) succeed(p *layout.Pointer, now state, fence int64) error {
	p.Seq, p.Fence = 1, fence
	if !now.absent() {
		if fence != 0 && fence < now.Fence {
			return fmt.Errorf("%w: %s of %s was moved under fence %d, and this is fence %d", ErrRefused, p.Name, p.Artifact, now.Fence, fence)
		}
		p.Seq, p.Fence = now.Seq+1, max(fence, now.Fence)
		p.Prev = &layout.Prev{Seq: now.Seq, Digest: layout.Sum(now.bytes)}
		p.Epoch = now.Epoch
	}
	p.Nonce = newNonce()
	p.By = r.options.By
	p.At = timestamp()
	return nil
}

// replace archives now and swaps p in. It reports false if somebody else's
// state took the place instead.
func (r *Repo) replace(ctx context.Context, now state, p *layout.Pointer) (won bool, err error) {
	b, err := p.Encode()
	if err != nil {
		return false, err
	}
	if len(b) > store.MaxSwap {
		return false, fmt.Errorf("%w: %s of %s would grow beyond %d bytes; expire some of its %d versions", ErrRefused, p.Name, p.Artifact, store.MaxSwap, len(p.Retained))
	}
	if !now.absent() {
		key := layout.HistoryKey(p.Artifact, p.Name, p.Prev.Seq, p.Prev.Digest)
		if err := r.put(ctx, key, now.bytes); err != nil {
			return false, err
		}
	}
	err = r.engine.Retry(ctx, func() error {
		_, err := r.store.Swap(ctx, layout.PointerKey(p.Artifact, p.Name).String(), now.token, b)
		if err == nil {
			won = true
			return nil
		}
		won, err = r.settle(ctx, now, p, err)
		return err
	})
	return won, err
}

// settle finds out what came of a swap that was answered with err, or not at
// all: an answer may be lost after the swap took effect, and a refusal may be
// the echo of one's own success. If the state is still the one before, the same
// bytes may be sent again on the same token; that is [store.ErrTemporary].
func (r *Repo) settle(ctx context.Context, before state, p *layout.Pointer, err error) (won bool, _ error) {
	undecided := errors.Is(err, store.ErrTemporary) || errors.Is(err, store.ErrConflict) || errors.Is(err, fs.ErrNotExist)
	if !undecided {
		return false, err
	}
	now, readErr := r.readState(ctx, p.Artifact, p.Name)
	switch {
	case readErr != nil:
		return false, readErr
	case now.absent() && !before.absent():
		return false, transfer.Corrupt(layout.PointerKey(p.Artifact, p.Name).String(), "it is gone; a head or pointer is never deleted")
	case now.absent(), string(now.bytes) == string(before.bytes):
		return false, fmt.Errorf("%w: %w", store.ErrTemporary, err)
	}
	return r.isAncestor(ctx, now, p)
}

// isAncestor reports whether p is the state now or one that it followed.
func (r *Repo) isAncestor(ctx context.Context, now state, p *layout.Pointer) (bool, error) {
	for s, err := range r.chain(ctx, now.Pointer) {
		if err != nil {
			return false, err
		}
		if s.Seq <= p.Seq {
			return s.Nonce == p.Nonce, nil
		}
	}
	return false, nil
}

// pause waits a random time that grows with the attempts lost, so that many who
// move one name come past each other.
func pause(ctx context.Context, attempt int) error {
	longest := min(time.Second, 5*time.Millisecond<<min(attempt, 10))
	select {
	case <-time.After(mathrand.N(longest)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newNonce() layout.Nonce {
	var b [16]byte
	rand.Read(b[:])
	return layout.Nonce(hex.EncodeToString(b[:]))
}

func timestamp() string { return time.Now().UTC().Format(time.RFC3339Nano) }
