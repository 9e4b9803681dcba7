package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Folders of runs, below the cache: those of the first kind are swept once
// nobody has them locked, those of the second stay.
const (
	runPrefix  = "run-"
	keptPrefix = "kept-"
)

// A scratch is the folder of one run.
type scratch struct {
	dir  string
	keep bool
	lock *os.File // ends with the process, however that ends
}

// newScratch makes a folder for a run, and removes those of runs that were
// killed.
func newScratch(cache string, keep bool) (*scratch, error) {
	runs, err := filepath.Abs(filepath.Join(cache, "runs")) // the program may go elsewhere
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(runs, 0o777); err != nil {
		return nil, err
	}
	sweepRuns(runs)
	prefix := runPrefix
	if keep {
		prefix = keptPrefix
	}
	for {
		dir, err := os.MkdirTemp(runs, prefix)
		if err != nil {
			return nil, err
		}
		// Another run may sweep it away before it is locked.
		f, err := lockFolder(dir)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, os.ErrNotExist) {
			return &scratch{dir, keep, f}, nil // a file system without locks sweeps nothing either
		}
	}
}

// lockFolder locks a folder that is there. It fails if another process has it.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := os.Stat(dir); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func sweepRuns(runs string) {
	entries, err := os.ReadDir(runs)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), runPrefix) {
			continue
		}
		dir := filepath.Join(runs, e.Name())
		if f, err := lockFolder(dir); err == nil {
			os.RemoveAll(dir)
			f.Close()
		}
	}
}

// folder makes an empty folder in the scratch.
func (s *scratch) folder(elements ...string) (string, error) {
	dir := filepath.Join(append([]string{s.dir}, elements...)...)
	return dir, os.MkdirAll(dir, 0o777)
}

// remove removes the scratch, unless it is to be kept.
func (s *scratch) remove() error {
	if s.lock != nil {
		defer s.lock.Close()
	}
	if s.keep {
		return nil
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("removing the scratch folder: %w", err)
	}
	return nil
}
