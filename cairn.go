// Package cairn publishes datasets, features and models to an object store as
// immutable versions, names them, and gets exactly those bytes back.
//
// Open a [Repo] on a store, then [Repo.Publish] what a job has made and
// [Repo.Resolve] and [Version.Pull] what the next one needs:
//
//	s, err := open.URL(ctx, "s3://bucket/prefix") // package store/open
//	repo, err := cairn.Open(ctx, s, nil)
//	out, err := repo.Publish(ctx, &cairn.Publication{Artifact: "features/churn", Date: "2026-06-17", Files: files})
//	versions, err := repo.Resolve(ctx, ref)
//	err = versions[0].Pull(ctx, "data", nil)
//
// A version is named by the digest of its manifest (see [layout.Manifest]), so a
// rerun that makes the same thing gets the same version and changes nothing.
// Heads and pointers, the only mutable objects, move by compare-and-swap in
// [Repo.Publish], [Repo.Point], [Repo.Label] and [Repo.Rollback] alone. Every
// byte read is checked against the digest that names it before it is used.
//
// What an error means is asked with errors.Is: see the Err variables here and
// those of packages fs and store. The package never logs, prints or exits.
package cairn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
)

// A Repo is the set of artifacts in one store. It is safe for concurrent use.
type Repo struct {
	store   store.Store
	engine  *transfer.Engine
	options Options

	absent   atomic.Bool // the store has no marker, so nothing was ever published in it
	mu       sync.Mutex
	writable bool // the store has its marker and was seen to honour conditions
}

// Options of a Repo. The zero value is ready to use.
type Options struct {
	// By says who acts, in history and records. Default: user@host.
	By string

	// Tool names the program, in records. Default: "cairn SDK".
	Tool string

	// Scratch is a folder, used for this one store only, that outlives the
	// process. A publication that was cut off goes on from there where it
	// stopped. Without it, or where it cannot be written, each starts anew.
	Scratch string

	// Rehash has files read that are as they were when they were last published from
	// here. Otherwise one whose size, times and inode are as noted in Scratch has the
	// bytes that it had.
	Rehash bool

	// Meter, if not nil, counts the bytes that are moved.
	Meter *transfer.Meter

	// Inspect, if not nil, says what a file holds that is to be published. It
	// returns nil for a file that it did not look into, and an error for one that
	// claims to be a table and is none; then nothing is published. A file
	// that has the bytes it had in the version before is not looked into again.
	Inspect func(ctx context.Context, file string) (*Inspected, error)
}

// An Inspected is what one reading of a file tells.
type Inspected struct {
	Table *layout.Table // nil if it holds none
	Sum   transfer.Sum  // of its bytes; zero if they were not all read, so that they are read for it

	// Ranges are parts of the file, such as column chunks, sorted by offset. Those
	// that the version before has too are not sent again where the store can copy.
	Ranges []layout.Range
}

// Errors that tell a caller what to do. All of them are final: trying again
// changes nothing.
var (
	// ErrCorrupt means that stored bytes are missing or are not what their name
	// says. The error names the object.
	ErrCorrupt = transfer.ErrCorrupt

	// ErrRefused means that a rule forbids it: a label does not move, a larger
	// fence was there before, a store does not honour conditions.
	ErrRefused = errors.New("refused")

	// ErrChanged means that a source file changed while it was being published.
	ErrChanged = errors.New("changed while it was read")
)

// A notFound says what is not there. It is [fs.ErrNotExist].
type notFound string

func (e notFound) Error() string        { return string(e) }
func (e notFound) Is(target error) bool { return target == fs.ErrNotExist }

func notFoundf(format string, args ...any) error { return notFound(fmt.Sprintf(format, args...)) }

// ErrMoved means that a head or pointer is not where the caller said it was, or
// that others moved it again and again. It is a [store.ErrConflict].
var ErrMoved = fmt.Errorf("it was moved by someone else: %w", store.ErrConflict)

// errNoRepo is what reading says where nothing was ever published.
var errNoRepo = notFound("there is no cairn store here, for want of its cairn.json; the first push makes one")

// Open returns the Repo in s. Where nothing was ever published, reading fails
// with [fs.ErrNotExist], and the first publication makes the store one of
// cairn's. Open fails if s is of a format that this package does not know.
func Open(ctx context.Context, s store.Store, o *Options) (*Repo, error) {
	r := &Repo{store: s}
	if o != nil {
		r.options = *o
	}
	if r.options.By == "" {
		r.options.By = whoami()
	}
	if r.options.Tool == "" {
		r.options.Tool = "cairn SDK"
	}
	r.engine = transfer.NewEngine(s, r.options.Meter)
	err := r.readMarker(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		r.absent.Store(true)
		err = nil
	}
	return r, err
}

func (r *Repo) readMarker(ctx context.Context) error {
	b, _, err := r.get(ctx, layout.MarkerKey())
	if err != nil {
		return err
	}
	if _, err := layout.ParseMarker(b); err != nil {
		return fmt.Errorf("%s does not mark a store that this cairn can use: %w", layout.MarkerKey(), err)
	}
	return nil
}

// makeWritable makes sure that the store has its marker, and that it honours
// conditions now: it must refuse to create the marker again, and to swap it on
// a token that is not its own. Both carry the marker's own bytes, so a store
// that lets them through is found out and unharmed.
func (r *Repo) makeWritable(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writable {
		return nil
	}
	key := layout.MarkerKey().String()
	body, err := new(layout.Marker).Encode()
	if err != nil {
		return err
	}
	if r.absent.Load() {
		if err := r.create(ctx, key, body); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	var createErr, swapErr error
	err = sideBySide(ctx,
		func(ctx context.Context) error { createErr = r.create(ctx, key, body); return nil },
		func(ctx context.Context) error {
			swapErr = r.engine.Retry(ctx, func() error {
				_, err := r.store.Swap(ctx, key, store.StaleToken, body)
				return err
			})
			return nil
		})
	if err != nil {
		return err
	}
	for _, err := range []error{createErr, swapErr} {
		switch {
		case err == nil:
			return fmt.Errorf("%w: the store ignores the conditions of writes, so two publishers could both win; cairn doctor says more", ErrRefused)
		case errors.Is(err, fs.ErrExist), errors.Is(err, store.ErrConflict):
		case errors.Is(err, fs.ErrPermission): // may write its artifact, not the marker
		default:
			return err
		}
	}
	r.writable = true
	r.absent.Store(false)
	return nil
}

// get reads a whole metadata object.
func (r *Repo) get(ctx context.Context, key layout.Key) (b []byte, info store.Info, err error) {
	err = r.open(ctx, key, func(body io.Reader, found store.Info) error {
		b, info = make([]byte, found.Size), found
		_, err := io.ReadFull(body, b)
		return err
	})
	return b, info, err
}

// open hands a metadata object to read, again if that fails for a while.
func (r *Repo) open(ctx context.Context, key layout.Key, read func(io.Reader, store.Info) error) error {
	if r.absent.Load() && key.Kind != layout.KindMarker {
		return errNoRepo
	}
	return r.engine.Retry(ctx, func() error {
		body, info, err := transfer.Open(ctx, r.store, key.String(), 0, -1)
		if err != nil {
			return err
		}
		defer body.Close()
		if info.Size > maxMetadata {
			return transfer.Corrupt(key.String(), "it is larger than %d bytes", maxMetadata)
		}
		return read(body, info)
	})
}

// list returns what lies under a prefix where that is known to be little.
func (r *Repo) list(ctx context.Context, prefix string, o *store.ListOptions) (infos []store.Info, err error) {
	if r.absent.Load() {
		return nil, errNoRepo
	}
	err = r.engine.Retry(ctx, func() error {
		infos = nil
		for info, err := range r.store.List(ctx, prefix, o) {
			if err != nil {
				return err
			}
			infos = append(infos, info)
		}
		return nil
	})
	return infos, err
}

// maxMetadata bounds what is read into memory of an object that ought to be
// small. It has room for a manifest of some three million files.
const maxMetadata = 512 << 20

// create makes one metadata object.
func (r *Repo) create(ctx context.Context, key string, b []byte) error {
	return r.engine.Retry(ctx, func() error {
		return r.store.Create(ctx, key, sectionOf(b), store.ChecksumOf(b))
	})
}

// put makes sure that key holds b: it creates the object, or finds it there
// with these bytes. With others it is [ErrCorrupt].
func (r *Repo) put(ctx context.Context, key layout.Key, b []byte) error {
	err := r.create(ctx, key.String(), b)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	found, _, err := r.get(ctx, key)
	if err != nil {
		return err
	}
	if !bytes.Equal(found, b) {
		return transfer.Corrupt(key.String(), "it is there with other bytes")
	}
	return nil
}

func sectionOf(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}
