package cairn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
)

const files = 32 // in work at once

// read names every file, looks into it, and stores those whose bytes the base
// does not have. Files are read in their order, on all cores; uploads of earlier
// ones go on meanwhile.
func (w *publishing) read(ctx context.Context) error {
	all := runtime.GOMAXPROCS(0)
	cores := make(chan struct{}, all)
	return transfer.Each(ctx, files, w.Files, func(ctx context.Context, s Source) error {
		f, err := os.Open(s.File)
		if err != nil {
			return err
		}
		defer f.Close()
		id, err := identify(f)
		if err != nil {
			return err
		}
		w.r.options.Meter.Expect(id.stat.Size())
		cores <- struct{}{}
		found, sum, err := w.r.name(ctx, s, f, w.formerly(s.Path), max(1, all/len(w.Files)))
		<-cores
		if err != nil {
			return err
		}
		if err := id.unchanged(); err != nil {
			return err
		}
		switch first := w.claim(found, s, sum); {
		case w.ReuseEqual: // uploaded later, if at all
		case first:
			err = w.upload(ctx, s, f, sum)
		default:
			w.r.options.Meter.Reuse(sum.Size)
		}
		if changed := id.unchanged(); changed != nil {
			return changed
		}
		return err
	})
}

// formerly returns what the version before has under that path, or nil.
func (w *publishing) formerly(path string) *layout.File {
	if w.before == nil {
		return nil
	}
	for i, f := range w.before.Manifest.Files {
		if f.Path == path {
			return &w.before.Manifest.Files[i]
		}
	}
	return nil
}

// name says what a file is and holds. It is read once: by Inspect, or to name its
// bytes. If these may be the former ones, they are named first, as that is faster
// than looking into them. A large file is named on so many cores.
func (r *Repo) name(ctx context.Context, s Source, f *os.File, former *layout.File, cores int) (found layout.File, sum transfer.Sum, err error) {
	st, err := f.Stat()
	if err != nil {
		return found, sum, err
	}
	if former != nil && former.Table != nil && former.Size == st.Size() {
		if sum, err = r.sum(ctx, s, f, st.Size(), cores); err != nil || sum.Digest == former.Digest {
			return *former, sum, err
		}
	}
	in := new(Inspected)
	if r.options.Inspect != nil {
		switch looked, err := r.options.Inspect(ctx, s.File); {
		case err != nil:
			return found, sum, fmt.Errorf("%s: %w", s.File, err)
		case looked != nil:
			in = looked
		}
	}
	switch {
	case !in.Sum.Digest.IsZero():
		sum = in.Sum
		r.options.Meter.Named(sum.Size)
	case sum.Digest.IsZero():
		if sum, err = r.sum(ctx, s, f, st.Size(), cores); err != nil {
			return found, sum, err
		}
	}
	return layout.File{Path: s.Path, Size: sum.Size, Digest: sum.Digest, Table: in.Table}, sum, nil
}

// sum names the bytes of a file.
func (r *Repo) sum(ctx context.Context, s Source, f *os.File, size int64, cores int) (sum transfer.Sum, err error) {
	const large = 16 << 20
	if cores > 1 && size >= large {
		sum, err = transfer.SumFile(ctx, r.options.Meter.HashingAt(f), size, cores)
	} else {
		sum, err = transfer.SumOf(ctx, r.options.Meter.Hashing(io.NewSectionReader(f, 0, 1<<63-1)))
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("%s %w; publish a file that nobody is writing", s.File, ErrChanged)
	case err != nil:
		err = fmt.Errorf("reading %s: %w", s.File, err)
	}
	return sum, err
}

// claim notes a file, and reports whether it is the first with its bytes.
func (w *publishing) claim(found layout.File, s Source, sum transfer.Sum) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = append(w.files, found)
	if _, ok := w.sums[sum.Digest]; ok {
		return false
	}
	w.sums[sum.Digest], w.from[sum.Digest] = sum, s
	return true
}

// upload stores the bytes of one file, unless the base or the session has them.
func (w *publishing) upload(ctx context.Context, s Source, f *os.File, sum transfer.Sum) error {
	key := layout.BlobKey(w.Artifact, w.Date, w.session.ID, sum.Digest, s.Path)
	blob := layout.Blob{Digest: sum.Digest, Session: w.session.ID, Ext: key.Ext}
	if had, ok := w.base[sum.Digest]; ok {
		blob = had.Blob
		w.r.options.Meter.Reuse(sum.Size)
	} else if size, ok := w.session.Present[key.String()]; ok && size == sum.Size {
		w.r.options.Meter.Reuse(sum.Size)
	} else {
		err := w.r.engine.Put(ctx, key.String(), io.NewSectionReader(f, 0, sum.Size), sum)
		if errors.Is(err, store.ErrChecksum) {
			err = fmt.Errorf("%s %w: %w", s.File, ErrChanged, err)
		}
		if err != nil {
			return err
		}
		w.r.options.Meter.Done()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blobs[sum.Digest] = blob
	return nil
}

// uploadAgain stores all files under a new session, as far as the base does not
// have them.
func (w *publishing) uploadAgain(ctx context.Context) error {
	if err := w.readBase(ctx); err != nil {
		return err
	}
	if err := w.session.renew(w.epoch()); err != nil {
		return err
	}
	clear(w.blobs)
	return w.uploadAll(ctx)
}

// uploadAll stores all files as far as the base does not have them, without
// reading them to name them.
func (w *publishing) uploadAll(ctx context.Context) error {
	var digests []layout.Digest
	for d := range w.sums {
		digests = append(digests, d)
	}
	return transfer.Each(ctx, files, digests, func(ctx context.Context, d layout.Digest) error {
		f, err := os.Open(w.from[d].File)
		if err != nil {
			return err
		}
		defer f.Close()
		return w.upload(ctx, w.from[d], f, w.sums[d])
	})
}

// A baseBlob is a blob of a version that the head has, and so may be reused.
type baseBlob struct {
	layout.Blob
	version layout.Digest
}

// baseVersions bounds how many of a head's versions are looked at for bytes to
// reuse: the current one and the youngest of the retained.
const baseVersions = 16

// readBase reads the head, and where the bytes of its versions lie.
func (w *publishing) readBase(ctx context.Context) error {
	var err error
	if w.head, err = w.r.readState(ctx, w.Artifact, layout.HeadName(w.Date)); err != nil || w.head.absent() {
		return err
	}
	has := w.head.versions()
	has = has[:min(len(has), baseVersions)]
	base := make(map[layout.Digest]baseBlob)
	var mu sync.Mutex
	err = transfer.Each(ctx, baseVersions, has, func(ctx context.Context, had layout.Retained) error {
		x, err := w.r.readIndex(ctx, layout.Pin{Artifact: w.Artifact, Version: had.Version}, w.Date, had.Session)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, b := range x.Blobs {
			base[b.Digest] = baseBlob{b, had.Version}
		}
		return nil
	})
	w.base = base
	return err
}
