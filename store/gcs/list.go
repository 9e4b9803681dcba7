package gcs

import (
	"context"
	"iter"
	"slices"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/cairnstore/cairn/store"
)

// List implements [store.Store].
func (s *Store) List(ctx context.Context, prefix string, o *store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		it := s.bucket.Objects(ctx, query(prefix, o))
		for {
			page, err := nextPage(it)
			for _, info := range page {
				if !yield(info, nil) {
					return
				}
			}
			if err == iterator.Done {
				return
			}
			if err != nil {
				yield(store.Info{}, fail("list", prefix, s.meaning(ctx, err)))
				return
			}
		}
	}
}

// query asks for what an Info has of each object, and for more if need be.
func query(prefix string, o *store.ListOptions, more ...string) *storage.Query {
	q := &storage.Query{Prefix: prefix, Projection: storage.ProjectionNoACL}
	if o != nil && o.Shallow {
		q.Delimiter = "/"
	}
	if err := q.SetAttrSelection(append(more, "Name", "Size", "Updated")); err != nil {
		panic(err) // the names are not the library's
	}
	return q
}

// nextPage returns one page in the order of the keys. The server sends a page's
// objects and its prefixes one after the other, each in order, and nothing that
// sorts before the page that came before.
func nextPage(it *storage.ObjectIterator) (page []store.Info, err error) {
	for {
		attrs, err := it.Next()
		if err != nil {
			return page, err
		}
		if attrs.Prefix != "" {
			page = append(page, store.Info{Key: attrs.Prefix, IsPrefix: true})
		} else {
			page = append(page, store.Info{Key: attrs.Name, Size: attrs.Size, Modified: attrs.Updated})
		}
		if it.PageInfo().Remaining() == 0 {
			slices.SortFunc(page, func(a, b store.Info) int { return strings.Compare(a.Key, b.Key) })
			return page, nil
		}
	}
}
