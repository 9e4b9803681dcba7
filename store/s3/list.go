package s3

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

// List implements [store.Store]. It asks for a page when the one before it has
// been consumed.
func (s *Store) List(ctx context.Context, prefix string, o *store.ListOptions) iter.Seq2[store.Info, error] {
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}
	if o != nil && o.Shallow {
		in.Delimiter = aws.String("/")
	}
	return func(yield func(store.Info, error) bool) {
		pages := s3.NewListObjectsV2Paginator(s.client, in)
		for pages.HasMorePages() {
			out, err := pages.NextPage(ctx)
			if err != nil {
				yield(store.Info{}, s3api.Fail("list", prefix, s.explain(ctx, "list", err)))
				return
			}
			for _, info := range page(out) {
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

func page(out *s3.ListObjectsV2Output) []store.Info {
	var infos []store.Info
	for _, o := range out.Contents {
		infos = append(infos, store.Info{Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)})
	}
	for _, p := range out.CommonPrefixes {
		infos = append(infos, store.Info{Key: aws.ToString(p.Prefix), IsPrefix: true})
	}
	return s3api.Page(infos)
}
