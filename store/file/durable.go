package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cairnstore/cairn/store"
)

const tmpDir = ".tmp"

// A staged file holds a whole, fsynced body that has no name among the objects
// yet. Its lock, held while its writer lives, tells leftovers from work.
type staged struct {
	f *os.File
}

// errSwept is what happens to a file that a sweep came upon between its
// creation and its lock.
var errSwept = fmt.Errorf("%w: its temporary file was swept away", store.ErrTemporary)

// stage writes body to a new file in .tmp and syncs it. After a failed fsync
// nothing is known of the file, so it is thrown away and never synced again.
func (s *Store) stage(ctx context.Context, body *io.SectionReader, sum store.Checksum) (*staged, error) {
	dir := filepath.Join(s.root, tmpDir)
	f, err := s.createTemp(func() (*os.File, error) { return os.CreateTemp(dir, "") })
	if err != nil {
		return nil, err
	}
	tmp := &staged{f}
	if err := tmp.fill(ctx, body, sum); err != nil {
		tmp.discard()
		return nil, err
	}
	return tmp, nil
}

// createTemp makes .tmp if create does not find it.
func (s *Store) createTemp(create func() (*os.File, error)) (*os.File, error) {
	f, err := create()
	if errors.Is(err, fs.ErrNotExist) {
		if err := mkdirAll(filepath.Join(s.root, tmpDir)); err != nil {
			return nil, err
		}
		f, err = create()
	}
	return f, err
}

func (t *staged) fill(ctx context.Context, body *io.SectionReader, sum store.Checksum) error {
	if flock(t.f, syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return errSwept
	}
	h := store.NewChecksummer()
	if _, err := io.CopyBuffer(t.f, io.TeeReader(&reader{ctx, io.NewSectionReader(body, 0, body.Size())}, h), make([]byte, 1<<20)); err != nil {
		return err
	}
	if h.Sum() != sum {
		return store.ErrChecksum
	}
	return t.seal()
}

func (t *staged) seal() error {
	if err := t.f.Chmod(0o444); err != nil {
		return err
	}
	return t.f.Sync()
}

// link gives the file its name if there is no such file yet. Whoever finds one
// syncs the folder too: the other writer may not have come to that.
func (t *staged) link(path string) error {
	err := os.Link(t.f.Name(), path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := mkdirAll(filepath.Dir(path)); err != nil {
			return err
		}
		if err = os.Link(t.f.Name(), path); errors.Is(err, fs.ErrNotExist) {
			err = errSwept
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return errors.Join(err, syncDir(filepath.Dir(path)))
}

// rename gives the file the name of one that exists.
func (t *staged) rename(path string) error {
	if err := os.Rename(t.f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func (t *staged) discard() {
	os.Remove(t.f.Name()) // gone already after a rename
	t.f.Close()
}

// sweep removes the files in .tmp that no living writer holds locked, and the
// compositions that nobody is going to complete.
func (s *Store) sweep() {
	names, _ := filepath.Glob(filepath.Join(s.root, tmpDir, "*"))
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if !parked(f) && flock(f, syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			os.Remove(name)
		}
		f.Close()
	}
}

// mkdirAll is os.MkdirAll that also syncs the folder of each folder it makes.
func mkdirAll(dir string) error {
	err := os.Mkdir(dir, 0o777)
	if errors.Is(err, fs.ErrNotExist) {
		if err := mkdirAll(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o777)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A reader stops when its context does.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
