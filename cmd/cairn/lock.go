package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// lockPoll is how often a lock that another process has is tried.
const lockPoll = 20 * time.Millisecond

// lockFlag gives a verb that reads references --lock.
func (a *app) lockFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.lock, "lock", "", "file of pins: a reference means what it says there, and is added if it is not there")
}

// resolveRef returns what ref means: what the --lock file says, if there is one,
// and else what the store says now.
func (a *app) resolveRef(ctx context.Context, r *cairn.Repo, ref layout.Ref) ([]*cairn.Version, error) {
	if a.lock == "" || isPin(ref) {
		return r.Resolve(ctx, ref)
	}
	l, err := readLock(a.lock)
	if err != nil {
		return nil, err
	}
	if pins, ok := l[ref]; ok {
		return resolvePins(ctx, r, pins)
	}
	return addToLock(ctx, a.lock, r, ref)
}

// lockRefs returns the pins of what refs mean under --lock, and without it refs.
func (a *app) lockRefs(ctx context.Context, r *cairn.Repo, refs []layout.Ref) ([]layout.Ref, error) {
	if a.lock == "" {
		return refs, nil
	}
	var pins []layout.Ref
	for _, ref := range refs {
		versions, err := a.resolveRef(ctx, r, ref)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			pins = append(pins, v.Pin.Ref())
		}
	}
	return pins, nil
}

// isPin reports whether ref can mean only one thing.
func isPin(ref layout.Ref) bool { return len(ref.Version) == 2*layout.DigestSize }

func resolvePins(ctx context.Context, r *cairn.Repo, pins []layout.Pin) ([]*cairn.Version, error) {
	var versions []*cairn.Version
	for _, pin := range pins {
		found, err := r.Resolve(ctx, pin.Ref())
		if err != nil {
			return nil, err
		}
		versions = append(versions, found...)
	}
	return versions, nil
}

// A lock says which versions references mean. Its file is a JSON object with a
// list of pins under the text of each reference, and has one form only: sorted,
// with a reference a line, so that differences read well.
type lock map[layout.Ref][]layout.Pin

// readLock reads a lock. A file that is not there, or empty, locks nothing.
func readLock(file string) (lock, error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := parseLock(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not a lock file as cairn writes it: %w; remove it to resolve everything anew", cairn.ErrRefused, file, err)
	}
	return l, nil
}

func parseLock(text []byte) (lock, error) {
	l := make(lock)
	if len(text) == 0 {
		return l, nil
	}
	var entries map[string][]string
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, err
	}
	for refText, pinTexts := range entries {
		ref, err := layout.ParseRef(refText)
		if err != nil {
			return nil, err
		}
		for _, pinText := range pinTexts {
			pin, err := layout.ParseRef(pinText)
			if err != nil {
				return nil, err
			}
			if !isPin(pin) || pin.Artifact != ref.Artifact {
				return nil, fmt.Errorf("%s is no pin of %s", pinText, ref.Artifact)
			}
			version, err := layout.ParseDigest("b3:" + pin.Version)
			if err != nil {
				return nil, err
			}
			l[ref] = append(l[ref], layout.Pin{Artifact: pin.Artifact, Version: version})
		}
		if n := len(pinTexts); n == 0 || n > 1 && !ref.IsRange() {
			return nil, fmt.Errorf("%s has %s", ref, plural(n, "pin"))
		}
	}
	if again, err := l.encode(); err != nil || string(again) != string(text) {
		return nil, errors.New("it was edited")
	}
	return l, nil
}

func (l lock) encode() ([]byte, error) {
	entries := make(map[string][]string, len(l))
	for ref, pins := range l {
		for _, pin := range pins {
			entries[ref.String()] = append(entries[ref.String()], pin.String())
		}
	}
	b, err := json.MarshalIndent(entries, "", "  ")
	return append(b, '\n'), err
}

// addToLock resolves a reference and adds it to the lock, unless another process
// was faster, whose word then counts.
func addToLock(ctx context.Context, file string, r *cairn.Repo, ref layout.Ref) ([]*cairn.Version, error) {
	f, err := holdFile(ctx, file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := readLock(file)
	if err != nil {
		return nil, err
	}
	if pins, ok := l[ref]; ok {
		return resolvePins(ctx, r, pins)
	}
	versions, err := r.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		l[ref] = append(l[ref], v.Pin)
	}
	return versions, l.write(file)
}

// holdFile opens a file, which is made if need be, and waits until no other
// process holds it. It is held until it is closed or the process ends.
func holdFile(ctx context.Context, file string) (*os.File, error) {
	for {
		f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && isNamed(f, file) {
			return f, nil
		}
		f.Close()
		if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &fs.PathError{Op: "lock", Path: file, Err: err}
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// isNamed reports whether path still names f: whoever held it before has
// replaced it.
func isNamed(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(opened, named)
}

// write replaces the file, so that who reads it meanwhile sees all or nothing.
func (l lock) write(file string) error {
	b, err := l.encode()
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), "."+strings.TrimPrefix(filepath.Base(file), ".")+"-")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(b)
	err = errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), file)
}
