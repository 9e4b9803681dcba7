package file

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Parked is for how long a composition is kept that nobody writes to.
const Parked = 7 * 24 * time.Hour

const stagedSuffix = ".parts"

func (s *Store) stagedName(key string) string {
	return filepath.Join(s.root, tmpDir, stagedPrefix(key)+rand.Text()+stagedSuffix)
}

func stagedPrefix(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + "-"
}

func parked(f *os.File) bool {
	st, err := f.Stat()
	return strings.HasSuffix(f.Name(), stagedSuffix) && (err != nil || time.Since(st.ModTime()) < Parked)
}

// open opens the file, which becomes this handle's own. The lock keeps others from
// taking it while it is open.
func (c *composition) open(ctx context.Context, how int) (*os.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name, err := c.own()
	if err != nil {
		return nil, err
	}
	return openStaged(name, how)
}

// own returns the name that only this handle knows.
func (c *composition) own() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owned {
		return c.name, nil
	}
	f, err := openStaged(c.name, syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer f.Close()
	name := c.s.stagedName(c.key)
	if err := os.Rename(c.name, name); err != nil {
		return "", err
	}
	c.name, c.owned = name, true
	return name, nil
}

func openStaged(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	if err := flock(f, how); err != nil {
		f.Close()
		return nil, err
	}
	// It may have lost its name while somebody else had the lock.
	mine, err := f.Stat()
	named, namedErr := os.Stat(name)
	if err != nil || namedErr != nil || !os.SameFile(mine, named) {
		f.Close()
		return nil, errGone
	}
	return f, nil
}
