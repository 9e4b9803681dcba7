package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/zeebo/blake3"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/group"
)

// ErrCorrupt means that stored bytes are not what their name says.
var ErrCorrupt = errors.New("corrupt")

// Corrupt returns an error that names the object key, says why it is not what
// it should be, and is [ErrCorrupt].
func Corrupt(key, format string, args ...any) error {
	return fmt.Errorf("%s is %w: %w", key, ErrCorrupt, fmt.Errorf(format, args...))
}

const (
	requests  = 16      // under way at once, over all files of an Engine
	rangeSize = 8 << 20 // bytes that one request fetches
)

// An Engine moves files to and from one store. It is safe for concurrent use,
// and its limit on requests holds over all of that use. Its memory does not
// depend on the size of files.
type Engine struct {
	store store.Store
	meter *Meter
	slots chan struct{}
}

// NewEngine returns an Engine for s that counts on m, which may be nil.
func NewEngine(s store.Store, m *Meter) *Engine {
	return &Engine{s, m, make(chan struct{}, requests)}
}

// Put stores body, whose Sum was taken before, under key. The key is the
// caller's own: one that is there already was put there by an earlier attempt
// of the same caller, and is left if its size is right. What arrives is checked
// against sum, so a body that has changed since fails with [store.ErrChecksum].
func (e *Engine) Put(ctx context.Context, key string, body *io.SectionReader, sum Sum) error {
	metered := e.meter.sending(body)
	err := Retry(ctx, func() error { return e.store.Create(ctx, key, metered, sum.Checksum) })
	if errors.Is(err, fs.ErrExist) {
		err = e.expectSize(ctx, key, sum.Size)
	}
	return err
}

func (e *Engine) expectSize(ctx context.Context, key string, size int64) error {
	var info store.Info
	err := Retry(ctx, func() (err error) {
		info, err = e.store.Stat(ctx, key)
		return err
	})
	if err == nil && info.Size != size {
		err = Corrupt(key, "it has %d bytes, and should have %d", info.Size, size)
	}
	return err
}

// Fetch writes the object at key into f, from its beginning. It succeeds only
// if the object has the given size and digest, and otherwise returns
// [ErrCorrupt]; what is in f then is not to be used.
func (e *Engine) Fetch(ctx context.Context, key string, size int64, digest layout.Digest, f *os.File) error {
	g, ctx := group.WithContext(ctx)
	// Also an empty object takes one request, to see that it is there.
	written := make([]chan struct{}, max(1, (size+rangeSize-1)/rangeSize))
	for i := range written {
		written[i] = make(chan struct{})
	}
	g.Go(func() error { return verify(ctx, f, size, digest, written, key) })
	// The ranges arrive side by side; verify follows in order, and reads from the
	// page cache what has just been written.
	for i := range written {
		if !e.acquire(ctx) {
			break
		}
		g.Go(func() error {
			defer e.release()
			off := int64(i) * rangeSize
			err := e.fetchRange(ctx, key, off, min(rangeSize, size-off), size, f)
			if err == nil {
				close(written[i])
			}
			return err
		})
	}
	return g.Wait()
}

func (e *Engine) acquire(ctx context.Context) bool {
	select {
	case e.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (e *Engine) release() { <-e.slots }

func (e *Engine) fetchRange(ctx context.Context, key string, off, n, size int64, f *os.File) error {
	return Retry(ctx, func() error {
		r, info, err := Open(ctx, e.store, key, off, n)
		if err != nil {
			return err
		}
		defer r.Close()
		if info.Size != size {
			return Corrupt(key, "it has %d bytes, and should have %d", info.Size, size)
		}
		got, err := io.CopyBuffer(struct{ io.Writer }{io.NewOffsetWriter(f, off)}, struct{ io.Reader }{r}, make([]byte, 128<<10))
		if err == nil && got != n {
			err = fmt.Errorf("%w: %d of %d bytes arrived", store.ErrTemporary, got, n)
		}
		if err != nil {
			return fmt.Errorf("fetching %s: %w", key, err)
		}
		e.meter.moved(n)
		return nil
	})
}

// verify hashes the ranges of f in order, each once it was written.
func verify(ctx context.Context, f *os.File, size int64, want layout.Digest, written []chan struct{}, key string) error {
	h, buf := blake3.New(), make([]byte, 256<<10)
	for i := range written {
		select {
		case <-written[i]:
		case <-ctx.Done():
			return ctx.Err()
		}
		off := int64(i) * rangeSize
		r := io.NewSectionReader(f, off, min(rangeSize, size-off))
		if _, err := io.CopyBuffer(h, struct{ io.Reader }{r}, buf); err != nil {
			return err
		}
	}
	var got layout.Digest
	h.Sum(got[:0])
	if got != want {
		return Corrupt(key, "its bytes hash to %s, and should to %s", got, want)
	}
	return nil
}
