package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/cairnstore/cairn/store"
)

// An Upload is what [Engine.Put] stores.
type Upload struct {
	Key  string
	Body *io.SectionReader
	Sum  Sum // of the Body, taken before

	// Copies are ranges of the Body that the store has already, sorted and
	// disjoint. They are copied there if the store can do that, and if it is worth it.
	Copies []Copy

	Resume bool // use the parts that an earlier attempt, also of another process, has left
	Park   bool // if it is cut off by its context or by what may pass, leave the parts for that
}

// A Copy says that Size bytes of a Body, from Off, are those of the object From, at
// FromOff.
type Copy struct {
	Off, Size int64
	From      string
	FromOff   int64
}

// Put stores the Body under the Key: in one request, or in parts side by side where
// it is larger than [PartBytes] and the store is a [store.Composer]. The key is the
// caller's own: one that is there already was put there by an earlier attempt of
// the same caller, and is left if its size is right, otherwise it is [ErrCorrupt].
// What arrives is checked against the Sum, so a body that has changed since fails
// with [store.ErrChecksum].
func (e *Engine) Put(ctx context.Context, u *Upload) error {
	err := errNoComposer
	if c, ok := e.store.(store.Composer); ok && u.Body.Size() > PartBytes && c.Limits().Parts > 0 {
		err = e.compose(ctx, c, u)
	}
	if errors.Is(err, errNoComposer) {
		err = e.create(ctx, u)
	}
	if errors.Is(err, fs.ErrExist) { // an attempt before this one, of which no answer came
		err = e.expectSize(ctx, u.Key, u.Body.Size())
	}
	return err
}

func (e *Engine) create(ctx context.Context, u *Upload) error {
	body := partOf(u.Body, 0, u.Body.Size(), e.moved)
	return e.call(ctx, func() error { return e.store.Create(ctx, u.Key, fresh(body), u.Sum.Checksum) })
}

func (e *Engine) expectSize(ctx context.Context, key string, size int64) error {
	var info store.Info
	err := e.call(ctx, func() (err error) {
		info, err = e.store.Stat(ctx, key)
		return err
	})
	if err == nil && info.Size != size {
		err = wrongSize(key, info.Size, size)
	}
	return err
}

func wrongSize(key string, has, should int64) error {
	return Corrupt(key, "it has %d bytes, and should have %d", has, should)
}
