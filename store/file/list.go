package file

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cairnstore/cairn/store"
)

// List implements [store.Store].
func (s *Store) List(ctx context.Context, prefix string, o *store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		l := lister{ctx, s, prefix, o != nil && o.Shallow, yield}
		if _, err := l.walk(path.Dir("/" + prefix + "x")[1:]); err != nil {
			yield(store.Info{}, fail("list", prefix, err))
		}
	}
}

type lister struct {
	ctx     context.Context
	s       *Store
	prefix  string
	shallow bool
	yield   func(store.Info, error) bool
}

// walk lists the folder dir, in the order of the keys' bytes. It reports
// whether to go on.
func (l *lister) walk(dir string) (bool, error) {
	names, err := l.s.names(l.ctx, dir)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		key := path.Join(dir, name)
		folder := strings.HasSuffix(name, "/")
		if folder {
			key += "/"
		}
		if !strings.HasPrefix(key, l.prefix) && !(folder && strings.HasPrefix(l.prefix, key)) {
			continue
		}
		more, err := l.visit(key, folder)
		if !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (l *lister) visit(key string, folder bool) (bool, error) {
	if !folder {
		st, err := os.Stat(l.s.path(key))
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil // deleted since its folder was read
		}
		if err != nil {
			return false, err
		}
		return l.yield(store.Info{Key: key, Size: st.Size(), Modified: st.ModTime()}, nil), nil
	}
	if !l.shallow || len(key) <= len(l.prefix) {
		return l.walk(strings.TrimSuffix(key, "/"))
	}
	// Objects may have been deleted from below: an empty folder is no prefix.
	found, err := l.s.holdsObject(l.ctx, key)
	if err != nil || !found {
		return err == nil, err
	}
	return l.yield(store.Info{Key: key, IsPrefix: true}, nil), nil
}

// names returns what lies in the folder dir, folders with a "/" at the end,
// sorted as keys sort.
func (s *Store) names(ctx context.Context, dir string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.path(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			names = append(names, e.Name()+"/")
		case e.Type().IsRegular():
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (s *Store) holdsObject(ctx context.Context, dir string) (bool, error) {
	names, err := s.names(ctx, dir)
	for _, name := range names {
		if !strings.HasSuffix(name, "/") {
			return true, nil
		}
		if found, err := s.holdsObject(ctx, filepath.Join(dir, name)); found || err != nil {
			return found, err
		}
	}
	return false, err
}
