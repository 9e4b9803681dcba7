package cairn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
)

// upload stores the bytes of one file, unless the base or the session has them.
func (w *publishing) upload(ctx context.Context, c *content, f *os.File) error {
	key := layout.BlobKey(w.Artifact, w.Date, w.session.ID, c.sum.Digest, c.source.Path)
	blob := layout.Blob{Digest: c.sum.Digest, Session: w.session.ID, Ext: key.Ext}
	if had, ok := w.base.blobs[c.sum.Digest]; ok {
		blob = had.Blob
		w.r.options.Meter.Reuse(c.sum.Size)
	} else if w.session.has(key, c.sum.Size) {
		w.r.options.Meter.Reuse(c.sum.Size)
	} else {
		u := &transfer.Upload{Body: io.NewSectionReader(f, 0, c.sum.Size), Sum: c.sum, Copies: w.copies(ctx, c)}
		if err := w.put(ctx, key, u); err != nil {
			return changedOr(err, c.source)
		}
		w.r.options.Meter.Done()
	}
	if blob.Session == w.session.ID {
		if err := w.writeRanges(ctx, key, c); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blobs[c.sum.Digest] = blob
	return nil
}

// put stores the bytes of an object of the session.
func (w *publishing) put(ctx context.Context, key layout.Key, u *transfer.Upload) error {
	u.Key, u.Resume, u.Park = key.String(), w.session.Present != nil, w.session.file != nil
	return w.r.engine.Put(ctx, u)
}

// changedOr explains that a store was sent other bytes than those that were named.
func changedOr(err error, s Source) error {
	if errors.Is(err, store.ErrChecksum) {
		return fmt.Errorf("%s %w: %w", s.File, ErrChanged, err)
	}
	return err
}

// storeAgain stores all files under a new session, as far as the base does not have
// them.
func (w *publishing) storeAgain(ctx context.Context) error {
	if _, err := w.readBase(ctx); err != nil {
		return err
	}
	if err := w.session.renew(w.epoch()); err != nil {
		return err
	}
	clear(w.blobs)
	return w.store(ctx)
}

// store stores all files, which have their names, as far as the base does not have
// them.
func (w *publishing) store(ctx context.Context) error {
	var large []*content
	for _, c := range w.large {
		large = append(large, c)
	}
	return sideBySide(ctx,
		func(ctx context.Context) error {
			return transfer.Each(ctx, atOnceMax, large, func(ctx context.Context, c *content) error {
				f, err := os.Open(c.source.File)
				if err != nil {
					return err
				}
				defer f.Close()
				return w.upload(ctx, c, f)
			})
		},
		func(ctx context.Context) error { return w.packAll(ctx, make(chan struct{}, 1), true) })
}
