// Package mem keeps objects in memory. It is the reference of the store
// contract and the store that tests run on.
package mem

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cairnstore/cairn/store"
)

// A Store is a [store.Store] in memory.
type Store struct {
	// PartLimits is what Limits returns and compositions are held to. It may be
	// changed before the Store is used.
	PartLimits store.Limits

	mu           sync.Mutex
	objects      map[string]object
	compositions []*composition
	states       uint64 // counts writes, so that every state has its own token
}

type object struct {
	body     []byte
	token    store.Token
	modified time.Time
}

var _ store.Composer = (*Store)(nil)

// New returns an empty Store with the limits of [S3].
func New() *Store { return &Store{PartLimits: S3, objects: make(map[string]object)} }

// Open implements [store.Store].
func (s *Store) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	o, err := s.get(ctx, "open", key)
	if err != nil {
		return nil, store.Info{}, err
	}
	off = min(off, int64(len(o.body)))
	end := int64(len(o.body))
	if n >= 0 {
		end = min(end, off+n)
	}
	return io.NopCloser(bytes.NewReader(o.body[off:end])), o.info(key), nil
}

// Stat implements [store.Store].
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	o, err := s.get(ctx, "stat", key)
	if err != nil {
		return store.Info{}, err
	}
	info := o.info(key)
	info.Token = store.NoToken
	return info, nil
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, prefix string, o *store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(store.Info{}, &store.Error{Op: "list", Key: prefix, Err: err})
			return
		}
		for _, info := range s.list(prefix, o != nil && o.Shallow) {
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (s *Store) list(prefix string, shallow bool) []store.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	var infos []store.Info
	for key, o := range s.objects {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		info := o.info(key)
		info.Token = store.NoToken
		if i := strings.IndexByte(rest, '/'); shallow && i >= 0 {
			info = store.Info{Key: prefix + rest[:i+1], IsPrefix: true}
		}
		infos = append(infos, info)
	}
	slices.SortFunc(infos, func(a, b store.Info) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(infos, func(a, b store.Info) bool { return a.Key == b.Key })
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	b, err := readAll(body)
	if err != nil {
		return &store.Error{Op: "create", Key: key, Err: err}
	}
	if store.ChecksumOf(b) != sum {
		return &store.Error{Op: "create", Key: key, Err: store.ErrChecksum}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, "create", key); err != nil {
		return err
	}
	if _, ok := s.objects[key]; ok {
		return &store.Error{Op: "create", Key: key, Err: fs.ErrExist}
	}
	s.put(key, b)
	return nil
}

// Swap implements [store.Store].
func (s *Store) Swap(ctx context.Context, key string, old store.Token, body []byte) (store.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, "swap", key); err != nil {
		return "", err
	}
	if len(body) > store.MaxSwap {
		return "", &store.Error{Op: "swap", Key: key, Err: fs.ErrInvalid}
	}
	o, ok := s.objects[key]
	switch {
	case !ok && old != store.NoToken:
		return "", &store.Error{Op: "swap", Key: key, Err: fs.ErrNotExist}
	case o.token != old:
		return "", &store.Error{Op: "swap", Key: key, Err: store.ErrConflict}
	}
	return s.put(key, slices.Clone(body)), nil
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, "delete", key); err != nil {
		return err
	}
	delete(s.objects, key)
	return nil
}

func (s *Store) get(ctx context.Context, op, key string) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, op, key); err != nil {
		return object{}, err
	}
	o, ok := s.objects[key]
	if !ok {
		return object{}, &store.Error{Op: op, Key: key, Err: fs.ErrNotExist}
	}
	return o, nil
}

func (s *Store) usable(ctx context.Context, op, key string) error {
	if err := ctx.Err(); err != nil {
		return &store.Error{Op: op, Key: key, Err: err}
	}
	if !store.ValidKey(key) {
		return &store.Error{Op: op, Key: key, Err: fs.ErrInvalid}
	}
	return nil
}

func (s *Store) put(key string, body []byte) store.Token {
	s.states++
	o := object{body: body, token: store.Token("state-" + strconv.FormatUint(s.states, 10)), modified: time.Now()}
	s.objects[key] = o
	return o.token
}

func (o object) info(key string) store.Info {
	return store.Info{Key: key, Size: int64(len(o.body)), Token: o.token, Modified: o.modified}
}
