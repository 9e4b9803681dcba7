// Package file keeps objects as files below a folder: a disk, a volume, a
// network share that honours locks. It needs no server.
//
// A key is the path of its file. Two folders that no key can name lie beside
// the objects: .tmp for files on their way in, .locks for the locks of Swap.
// Objects are read-only files; what was acknowledged has been fsynced, the file
// and its folder both.
package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cairnstore/cairn/store"
)

// A Store is a [store.Store] in a folder.
type Store struct {
	root string
}

var _ store.Composer = (*Store)(nil)

// New returns the Store in the folder root, which is made when something is
// first written. It removes what writers that died have left in .tmp, compositions
// after [Parked].
func New(root string) *Store {
	s := &Store{root: root}
	s.sweep()
	return s
}

// Open implements [store.Store].
func (s *Store) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	f, info, err := s.open(ctx, key)
	if err != nil {
		return nil, store.Info{}, fail("open", key, err)
	}
	if n < 0 {
		n = max(0, info.Size-off)
	}
	if info.Size > store.MaxSwap {
		return &section{io.NewSectionReader(f, off, n), f}, info, nil
	}
	// A small object may be swappable. It is read whole from the one open file,
	// so that the token is that of the bytes handed out.
	defer f.Close()
	body, err := io.ReadAll(f)
	if err != nil {
		return nil, store.Info{}, fail("open", key, err)
	}
	info.Size, info.Token = int64(len(body)), token(body)
	return io.NopCloser(io.NewSectionReader(bytes.NewReader(body), off, n)), info, nil
}

type section struct {
	*io.SectionReader
	io.Closer
}

// Stat implements [store.Store].
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	f, info, err := s.open(ctx, key)
	if err != nil {
		return store.Info{}, fail("stat", key, err)
	}
	return info, f.Close()
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	if err := usable(ctx, key); err != nil {
		return fail("create", key, err)
	}
	tmp, err := s.stage(ctx, body, sum)
	if err != nil {
		return fail("create", key, err)
	}
	defer tmp.discard()
	return fail("create", key, tmp.link(s.path(key)))
}

// Swap implements [store.Store]. The lock excludes other Swaps; that a Create
// cannot come between rests on link(2).
func (s *Store) Swap(ctx context.Context, key string, old store.Token, body []byte) (store.Token, error) {
	if err := usable(ctx, key); err != nil {
		return "", fail("swap", key, err)
	}
	if len(body) > store.MaxSwap {
		return "", fail("swap", key, fmt.Errorf("%w: %d bytes are more than %d", fs.ErrInvalid, len(body), store.MaxSwap))
	}
	unlock, err := s.lock(key)
	if err != nil {
		return "", fail("swap", key, err)
	}
	defer unlock()
	present, err := os.ReadFile(s.path(key))
	switch {
	case errors.Is(err, fs.ErrNotExist) && old == store.NoToken:
		err = s.replace(ctx, key, body, (*staged).link)
		if errors.Is(err, fs.ErrExist) {
			err = store.ErrConflict
		}
	case err != nil:
	case token(present) != old:
		err = store.ErrConflict
	default:
		err = s.replace(ctx, key, body, (*staged).rename)
	}
	if err != nil {
		return "", fail("swap", key, err)
	}
	return token(body), nil
}

func (s *Store) replace(ctx context.Context, key string, body []byte, put func(*staged, string) error) error {
	tmp, err := s.stage(ctx, io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body))), store.ChecksumOf(body))
	if err != nil {
		return err
	}
	defer tmp.discard()
	return put(tmp, s.path(key))
}

// Delete implements [store.Store]. Folders stay, so that a Create on its way
// into one does not find it gone.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := usable(ctx, key); err != nil {
		return fail("delete", key, err)
	}
	err := os.Remove(s.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(filepath.Dir(s.path(key)))
	}
	return fail("delete", key, err)
}

func (s *Store) open(ctx context.Context, key string) (*os.File, store.Info, error) {
	if err := usable(ctx, key); err != nil {
		return nil, store.Info{}, err
	}
	f, err := os.Open(s.path(key))
	if err != nil {
		return nil, store.Info{}, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist // a folder is no object
	}
	if err != nil {
		f.Close()
		return nil, store.Info{}, err
	}
	return f, store.Info{Key: key, Size: st.Size(), Modified: st.ModTime()}, nil
}

func (s *Store) path(key string) string { return filepath.Join(s.root, filepath.FromSlash(key)) }

// token is that of the bytes: unlike inode and time it cannot repeat for other
// bytes, whatever the file system reuses and however coarse its clock.
func token(body []byte) store.Token {
	sum := sha256.Sum256(body)
	return store.Token(hex.EncodeToString(sum[:]))
}

func usable(ctx context.Context, key string) error {
	if !store.ValidKey(key) {
		return fs.ErrInvalid
	}
	return ctx.Err()
}

// fail says what err means in the words of the contract.
func fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	err = withoutPath(err)
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		err = fs.ErrNotExist
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		err = fmt.Errorf("%w: %w", store.ErrTemporary, err)
	case errors.Is(err, syscall.EROFS):
		err = fmt.Errorf("%w: %w", fs.ErrPermission, err)
	}
	return &store.Error{Op: op, Key: key, Err: err}
}

// withoutPath drops the path from an error: the key says more.
func withoutPath(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
