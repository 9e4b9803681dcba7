// Package gcs keeps objects in a bucket of Google Cloud Storage.
//
// It speaks the native JSON and XML APIs. A bucket must not be used through
// Google's S3-compatible endpoint instead: that ignores the conditions on a
// write.
//
// The token of a state is the object's generation, which never repeats. A
// single object takes about one Swap a second; more are refused with
// [store.ErrThrottled].
//
// Bytes go over JSON and XML, one connection for each request under way. gRPC is not used.
package gcs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"cloud.google.com/go/storage"

	"github.com/cairnstore/cairn/store"
)

// A Store is a [store.Store] in a bucket.
type Store struct {
	name   string
	bucket *storage.BucketHandle
}

var _ store.Composer = (*Store)(nil)

// New returns the Store in bucket. The credentials are those that Google's
// libraries find by default: GOOGLE_APPLICATION_CREDENTIALS, gcloud's, or those
// of the workload. Where there are none the error is fs.ErrPermission. The
// bucket is not looked at.
//
// STORAGE_EMULATOR_HOST, host:port or a URL, names a server to talk to instead,
// without credentials.
func New(ctx context.Context, bucket string) (*Store, error) {
	if bucket == "" {
		return nil, fmt.Errorf("gs://: %w: the name of the bucket is missing", fs.ErrInvalid)
	}
	client, err := storage.NewClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("gs://%s: %w", bucket, noClient(ctx, err))
	}
	// A request is sent once: the caller knows better how often, and what has become
	// of a write.
	never := storage.WithPolicy(storage.RetryNever)
	return &Store{bucket, client.Bucket(bucket).Retryer(never)}, nil
}

// Stat implements [store.Store].
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	if err := usable(ctx, key); err != nil {
		return store.Info{}, fail("stat", key, err)
	}
	info, err := s.stat(ctx, key)
	if err != nil {
		return store.Info{}, fail("stat", key, err)
	}
	info.Token = store.NoToken
	return info, nil
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := usable(ctx, key); err != nil {
		return fail("delete", key, err)
	}
	err := s.meaning(ctx, s.bucket.Object(key).Delete(ctx))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fail("delete", key, err)
}

func (s *Store) stat(ctx context.Context, key string) (store.Info, error) {
	attrs, err := s.bucket.Object(key).Attrs(ctx)
	if err != nil {
		return store.Info{}, s.meaning(ctx, err)
	}
	return info(key, attrs.Size, attrs.Generation, attrs.Updated), nil
}

func info(key string, size, generation int64, modified time.Time) store.Info {
	i := store.Info{Key: key, Size: size, Modified: modified}
	if size <= store.MaxSwap {
		i.Token = token(generation)
	}
	return i
}

func token(generation int64) store.Token {
	if generation <= 0 {
		return store.NoToken
	}
	return store.Token(strconv.FormatInt(generation, 10))
}

func usable(ctx context.Context, key string) error {
	if !store.ValidKey(key) {
		return fs.ErrInvalid
	}
	return ctx.Err()
}
