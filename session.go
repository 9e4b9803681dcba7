package cairn

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/oklog/ulid/v2"

	"github.com/cairnstore/cairn/layout"
)

// A session is one attempt to publish into a partition. Its keys are its own:
// each is created once and never again, which is what lets a collector delete.
// A session that was cut off is taken up again from the scratch folder.
type session struct {
	ID    layout.ID `json:"session"`
	Epoch int64     `json:"gc_epoch"` // of the head when the session began

	// Present are the objects that an earlier run of it has already stored.
	Present map[string]int64 `json:"-"`

	file *os.File // locked while in use; nil without a scratch folder
}

func newID() layout.ID { return layout.ID(ulid.Make().String()) }

// openSession takes up the session that was cut off on this machine for the
// partition, if there is one under the same epoch, or begins a new one.
func (r *Repo) openSession(ctx context.Context, a layout.Artifact, d layout.Date, epoch int64) (*session, error) {
	s := &session{ID: newID(), Epoch: epoch}
	if r.options.Scratch == "" {
		return s, nil
	}
	f, err := lockSessionFile(filepath.Join(r.options.Scratch, "sessions", sessionFile(a, d)))
	if err != nil {
		return s, nil // without its help the publication is only slower
	}
	s.file = f
	var parked session
	if json.NewDecoder(f).Decode(&parked) == nil && parked.Epoch == epoch {
		if _, err := layout.ParseID(string(parked.ID)); err == nil {
			s.ID = parked.ID
			return s, s.findPresent(ctx, r, a, d)
		}
	}
	return s, s.park()
}

// findPresent lists what the session has stored before.
func (s *session) findPresent(ctx context.Context, r *Repo, a layout.Artifact, d layout.Date) error {
	s.Present = make(map[string]int64)
	found, err := r.list(ctx, layout.SessionPrefix(a, d, s.ID), nil)
	for _, info := range found {
		s.Present[info.Key] = info.Size
	}
	return err
}

// has reports whether an earlier run of the session stored an object of that size.
func (s *session) has(key layout.Key, size int64) bool {
	stored, ok := s.Present[key.String()]
	return ok && stored == size
}

// park notes the session in its file, so that a later run finds it.
func (s *session) park() error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := s.file.Truncate(0); err != nil {
		return err
	}
	_, err = s.file.WriteAt(b, 0)
	return err
}

// renew gives the session, whose keys have become void, a new name.
func (s *session) renew(epoch int64) error {
	s.ID, s.Epoch, s.Present = newID(), epoch, nil
	if s.file == nil {
		return nil
	}
	return s.park()
}

// close ends the use of the session. One that is done is forgotten.
func (s *session) close(done bool) {
	if s.file == nil {
		return
	}
	if done {
		os.Remove(s.file.Name())
	}
	s.file.Close()
}

func sessionFile(a layout.Artifact, d layout.Date) string {
	return strings.ReplaceAll(string(a), "/", "=") + "=" + string(d) + ".json"
}

// lockSessionFile opens and locks the file. It fails if another process, which
// publishes into the same partition, has it. The lock ends with the process,
// however that ends.
func lockSessionFile(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && sameFile(f, path) {
		return f, nil
	}
	f.Close()
	return nil, &fs.PathError{Op: "lock", Path: path, Err: syscall.EWOULDBLOCK}
}

// sameFile reports whether path still names f: its last user may have removed
// it between our open and our lock.
func sameFile(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(opened, named)
}
