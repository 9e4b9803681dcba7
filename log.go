package cairn

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// Log yields every state that a head or pointer has had, newest first. Each is
// checked against the digest by which its successor names it, so history that
// was changed, shortened or forked ends in [ErrCorrupt].
func (r *Repo) Log(ctx context.Context, a layout.Artifact, name layout.Name) iter.Seq2[*layout.Pointer, error] {
	return func(yield func(*layout.Pointer, error) bool) {
		now, err := r.readState(ctx, a, name)
		if err == nil && now.absent() {
			err = r.explainAbsence(ctx, a, name)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for p, err := range r.chain(ctx, now.Pointer) {
			if !yield(p, err) {
				return
			}
		}
	}
}

// chain yields p and the states before it. It stops after an error.
func (r *Repo) chain(ctx context.Context, p *layout.Pointer) iter.Seq2[*layout.Pointer, error] {
	return func(yield func(*layout.Pointer, error) bool) {
		for yield(p, nil) && p.Prev != nil {
			prev, err := r.readHistory(ctx, p)
			if err != nil {
				yield(nil, err)
				return
			}
			p = prev
		}
	}
}

// readHistory reads the state before p.
func (r *Repo) readHistory(ctx context.Context, p *layout.Pointer) (*layout.Pointer, error) {
	key := layout.HistoryKey(p.Artifact, p.Name, p.Prev.Seq, p.Prev.Digest)
	b, _, err := r.get(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, transfer.Corrupt(key.String(), "it is missing, and state %d of %s follows it", p.Seq, p.Name)
	}
	if err != nil {
		return nil, err
	}
	if layout.Sum(b) != p.Prev.Digest {
		return nil, transfer.Corrupt(key.String(), "its bytes do not hash to its name")
	}
	prev, err := parsePointer(key, p.Artifact, p.Name, b)
	if err == nil && prev.Seq != p.Prev.Seq {
		err = transfer.Corrupt(key.String(), "it is state %d", prev.Seq)
	}
	return prev, err
}
