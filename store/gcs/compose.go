package gcs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/group"
)

const (
	composed   = 32 // objects that the server joins in one request
	sideBySide = 8  // requests that join or delete parts
)

// A composition keeps each part as an object of its own, whose name is that of the
// object and what tells parts apart: the composition and the offset. The server
// joins them, so the bytes travel once.
type composition struct {
	s    *Store
	key  string
	name string // what the names of its parts begin with
}

// Limits implements [store.Composer]. There is no copying of ranges.
func (s *Store) Limits() store.Limits {
	return store.Limits{MinPart: 1, MaxPart: 5 << 40, Parts: composed * composed}
}

// Compose implements [store.Composer]. It makes no request.
//
// Parts are objects beside the one in the making, and are listed. What a process
// that died has left of them stays until somebody deletes it.
func (s *Store) Compose(ctx context.Context, key string, size int64, _ *store.ComposeOptions) (store.Composition, error) {
	if err := usable(ctx, key); err != nil {
		return nil, fail("create", key, err)
	}
	c := &composition{s, key, partNames(key) + rand.Text() + "-"}
	if !store.ValidKey(c.part(math.MaxInt64)) {
		return nil, fail("create", key, fmt.Errorf("%w: the names of parts would be too long", errors.ErrUnsupported))
	}
	return c, nil
}

func partNames(key string) string { return key + ".parts-" }

func (c *composition) part(off int64) string { return c.name + strconv.FormatInt(off, 10) }

// Compositions implements [store.Composer]. Those without parts are not known.
func (s *Store) Compositions(ctx context.Context, key string) (found []store.Composition, err error) {
	if err := usable(ctx, key); err != nil {
		return nil, fail("create", key, err)
	}
	last := ""
	err = s.parts(ctx, partNames(key), func(attrs *storage.ObjectAttrs) {
		id, _, ok := strings.Cut(attrs.Name[len(partNames(key)):], "-")
		if ok && id != last {
			last = id
			found = append(found, &composition{s, key, partNames(key) + id + "-"})
		}
	})
	return found, fail("create", key, err)
}

// parts calls f for all that is stored of compositions whose names begin with
// prefix, in the order of the names.
func (s *Store) parts(ctx context.Context, prefix string, f func(*storage.ObjectAttrs)) error {
	it := s.bucket.Objects(ctx, query(prefix, nil, "CRC32C", "Generation"))
	for {
		attrs, err := it.Next()
		if err == iterator.Done {
			return nil
		}
		if err != nil {
			return s.meaning(ctx, err)
		}
		f(attrs)
	}
}

// Put implements [store.Composition]. As with Create, the server checks the
// CRC-32C. The tag is the part's generation.
func (c *composition) Put(ctx context.Context, p store.Part, body *io.SectionReader) (store.Part, error) {
	if err := ctx.Err(); err != nil {
		return store.Part{}, fail("create", c.key, err)
	}
	generation, err := c.s.put(ctx, c.s.bucket.Object(c.part(p.Off)), io.NewSectionReader(body, 0, p.Size), p.Sum)
	if err != nil {
		return store.Part{}, fail("create", c.key, err)
	}
	p.Tag = strconv.FormatInt(generation, 10)
	return p, nil
}

// Copy implements [store.Composition]: the server copies whole objects only.
func (c *composition) Copy(context.Context, store.Part, *io.SectionReader, string, int64) (store.Part, error) {
	return store.Part{}, fail("create", c.key, fmt.Errorf("%w: a range cannot be copied", errors.ErrUnsupported))
}

// Find implements [store.Composition]. The parts are found by offset, size and
// CRC-32C.
func (c *composition) Find(ctx context.Context, parts []store.Part) (found []store.Part, err error) {
	stored := make(map[string]*storage.ObjectAttrs)
	if err := c.s.parts(ctx, c.name, func(attrs *storage.ObjectAttrs) { stored[attrs.Name] = attrs }); err != nil {
		return nil, fail("create", c.key, err)
	}
	for _, p := range parts {
		attrs, ok := stored[c.part(p.Off)]
		if ok && attrs.Size == p.Size && attrs.CRC32C == p.Sum.CRC32C {
			p.Tag = strconv.FormatInt(attrs.Generation, 10)
			found = append(found, p)
		}
	}
	return found, nil
}

// Abort implements [store.Composition].
func (c *composition) Abort(ctx context.Context) {
	var names []string
	c.s.parts(ctx, c.name, func(attrs *storage.ObjectAttrs) { names = append(names, attrs.Name) })
	g, ctx := group.WithContext(ctx)
	g.SetLimit(sideBySide)
	for _, name := range names {
		g.Go(func() error {
			c.s.bucket.Object(name).Delete(ctx)
			return nil
		})
	}
	g.Wait()
}
