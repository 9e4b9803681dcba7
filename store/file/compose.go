package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/cairnstore/cairn/store"
)

// A composition writes its parts in place into one file in .tmp. A handle that
// writes owns the file: it knows by itself which parts are whole, and whoever goes
// on with what another has begun takes the file from it, by another name. So
// nobody writes to what somebody else completes.
type composition struct {
	s    *Store
	key  string
	size int64

	mu     sync.Mutex
	name   string
	owned  bool
	stored map[int]store.Part // that were written, or read, by this handle
}

var errGone = fmt.Errorf("%w: it was completed, aborted, or gone on with by another process", fs.ErrNotExist)

// Limits implements [store.Composer].
func (s *Store) Limits() store.Limits {
	return store.Limits{MinPart: 1, MaxPart: 1 << 40, MinCopy: blockBytes, Parts: 10_000}
}

// Compose implements [store.Composer]. What is neither completed nor aborted is
// swept away when nothing was written to it for [Parked].
func (s *Store) Compose(ctx context.Context, key string, size int64, _ *store.ComposeOptions) (store.Composition, error) {
	if err := usable(ctx, key); err != nil {
		return nil, fail("create", key, err)
	}
	name := s.stagedName(key)
	f, err := s.createTemp(func() (*os.File, error) { return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) })
	if err != nil {
		return nil, fail("create", key, err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		os.Remove(name)
		return nil, fail("create", key, err)
	}
	return s.composition(key, name, size, true), nil
}

// Compositions implements [store.Composer].
func (s *Store) Compositions(ctx context.Context, key string) (found []store.Composition, err error) {
	if err := usable(ctx, key); err != nil {
		return nil, fail("create", key, err)
	}
	entries, err := os.ReadDir(filepath.Join(s.root, tmpDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fail("create", key, err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), stagedPrefix(key)) {
			continue
		}
		info, err := e.Info()
		if err == nil {
			found = append(found, s.composition(key, filepath.Join(s.root, tmpDir, e.Name()), info.Size(), false))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fail("create", key, err)
		}
	}
	return found, nil
}

func (s *Store) composition(key, name string, size int64, owned bool) *composition {
	return &composition{s: s, key: key, size: size, name: name, owned: owned, stored: make(map[int]store.Part)}
}

// Put implements [store.Composition].
func (c *composition) Put(ctx context.Context, p store.Part, body *io.SectionReader) (store.Part, error) {
	return c.write(ctx, p, func(f *os.File) (store.Checksum, error) {
		return transcribe(ctx, io.NewOffsetWriter(f, p.Off), io.NewSectionReader(body, 0, p.Size))
	})
}

// Copy implements [store.Composition]. Where the file system can share blocks, and
// both offsets are equal modulo its blocks, it does. What was copied is read, and
// checked against the checksum of the body.
func (c *composition) Copy(ctx context.Context, p store.Part, _ *io.SectionReader, from string, off int64) (store.Part, error) {
	return c.write(ctx, p, func(f *os.File) (store.Checksum, error) {
		source, info, err := c.s.open(ctx, from)
		if err != nil {
			return store.Checksum{}, fmt.Errorf("copying from %s: %w", from, withoutPath(err))
		}
		defer source.Close()
		if off < 0 || off > info.Size-p.Size {
			return store.Checksum{}, fmt.Errorf("%w: %s has no %d bytes at %d", fs.ErrInvalid, from, p.Size, off)
		}
		if err := copyRange(ctx, f, p.Off, source, off, p.Size); err != nil {
			return store.Checksum{}, err
		}
		return transcribe(ctx, io.Discard, io.NewSectionReader(f, p.Off, p.Size))
	})
}

// write has fill write part p to the file, and notes it if fill has written what it
// should.
func (c *composition) write(ctx context.Context, p store.Part, fill func(*os.File) (store.Checksum, error)) (store.Part, error) {
	f, err := c.open(ctx, syscall.LOCK_SH)
	if err != nil {
		return store.Part{}, fail("create", c.key, err)
	}
	defer f.Close()
	if p.Off < 0 || p.Size < 0 || p.Off > c.size-p.Size {
		return store.Part{}, fail("create", c.key, fmt.Errorf("%w: part %d lies outside of the %d bytes", fs.ErrInvalid, p.Number, c.size))
	}
	c.forget(p)
	sum, err := fill(f)
	if err == nil && sum != p.Sum {
		err = store.ErrChecksum
	}
	if err != nil {
		return store.Part{}, fail("create", c.key, err)
	}
	c.note(p)
	return p, nil
}

func (c *composition) note(p store.Part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stored[p.Number] = p
}

// forget drops what p is about to overwrite.
func (c *composition) forget(p store.Part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.stored, func(number int, old store.Part) bool {
		return number == p.Number || old.Off < p.Off+p.Size && p.Off < old.Off+old.Size
	})
}

// Find implements [store.Composition]. It reads the parts: the file is the only
// witness of what a process that died has written.
func (c *composition) Find(ctx context.Context, parts []store.Part) (found []store.Part, err error) {
	f, err := c.open(ctx, syscall.LOCK_SH)
	if err != nil {
		return nil, fail("create", c.key, err)
	}
	defer f.Close()
	for _, p := range parts {
		sum, err := transcribe(ctx, io.Discard, io.NewSectionReader(f, p.Off, p.Size))
		if err != nil {
			return nil, fail("create", c.key, err)
		}
		if sum == p.Sum && p.Off+p.Size <= c.size {
			c.note(p)
			found = append(found, p)
		}
	}
	return found, nil
}

// Complete implements [store.Composition].
func (c *composition) Complete(ctx context.Context, parts []store.Part, sum store.Checksum) error {
	return fail("create", c.key, c.complete(ctx, parts, sum))
}

func (c *composition) complete(ctx context.Context, parts []store.Part, sum store.Checksum) error {
	f, err := c.open(ctx, syscall.LOCK_EX)
	if errors.Is(err, errGone) {
		if _, statErr := os.Stat(c.s.path(c.key)); statErr == nil {
			return errors.Join(fs.ErrExist, syncDir(filepath.Dir(c.s.path(c.key))))
		}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := c.expect(parts, sum); err != nil {
		return err
	}
	t := &staged{f}
	if err := t.seal(); err != nil {
		os.Remove(f.Name()) // as in stage
		return err
	}
	if err := t.link(c.s.path(c.key)); err != nil {
		f.Chmod(0o600) // or nobody can open it to try again
		return err
	}
	os.Remove(f.Name())
	return nil
}

// expect returns an error unless parts are what this handle knows of the file, are
// all of it, and have the checksum sum together.
func (c *composition) expect(parts []store.Part, sum store.Checksum) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var end int64
	joined := store.ChecksumOf(nil)
	for _, p := range parts {
		if p != c.stored[p.Number] || p.Off != end {
			return fmt.Errorf("%w: part %d is not stored at %d", fs.ErrInvalid, p.Number, end)
		}
		joined = store.NewJoiner(p.Size).Join(joined, p.Sum)
		end += p.Size
	}
	if end != c.size {
		return fmt.Errorf("%w: the parts have %d bytes of %d", fs.ErrInvalid, end, c.size)
	}
	if joined != sum {
		return store.ErrChecksum
	}
	return nil
}

// Abort implements [store.Composition].
func (c *composition) Abort(context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	os.Remove(c.name)
}

// transcribe writes what r has to w and returns its checksum.
func transcribe(ctx context.Context, w io.Writer, r io.Reader) (store.Checksum, error) {
	h := store.NewChecksummer()
	buf := buffers.Get().(*[bufferBytes]byte)
	defer buffers.Put(buf)
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, io.TeeReader(&reader{ctx, r}, h), buf[:])
	return h.Sum(), err
}

const bufferBytes = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferBytes]byte) }}
