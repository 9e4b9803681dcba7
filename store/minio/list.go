package minio

import (
	"context"
	"iter"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

// List implements [store.Store]. It asks for a page when the one before it has
// been consumed.
func (s *Store) List(ctx context.Context, prefix string, o *store.ListOptions) iter.Seq2[store.Info, error] {
	delimiter := ""
	if o != nil && o.Shallow {
		delimiter = "/"
	}
	return func(yield func(store.Info, error) bool) {
		core, err := s.within(ctx)
		for more, next := true, ""; more && err == nil; {
			var out minio.ListBucketV2Result
			if err = ctx.Err(); err == nil {
				out, err = core.ListObjectsV2(s.bucket, prefix, "", next, delimiter, 0)
			}
			for _, info := range page(out) {
				if !yield(info, nil) {
					return
				}
			}
			more, next = out.IsTruncated, out.NextContinuationToken
		}
		if err != nil {
			yield(store.Info{}, s3api.Fail("list", prefix, s.explain(ctx, "list", err)))
		}
	}
}

func page(out minio.ListBucketV2Result) []store.Info {
	var infos []store.Info
	for _, o := range out.Contents {
		infos = append(infos, store.Info{Key: o.Key, Size: o.Size, Modified: o.LastModified})
	}
	for _, p := range out.CommonPrefixes {
		infos = append(infos, store.Info{Key: p.Prefix, IsPrefix: true})
	}
	return s3api.Page(infos)
}

// within returns a client whose every request ends with ctx. The client has a
// call for a page of a listing, which is what tells where prefixes belong
// between the objects, but it is the one call that takes no context.
func (s *Store) within(ctx context.Context) (*minio.Core, error) {
	return s.connect(withContext{ctx, s.transport})
}

type withContext struct {
	ctx  context.Context
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t withContext) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.next.RoundTrip(r.WithContext(t.ctx))
}
