// Package minio keeps objects in a bucket of a MinIO server, through MinIO's own
// client.
//
// Credentials come from the environment: AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY, or MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, or
// MINIO_ACCESS_KEY and MINIO_SECRET_KEY, or else the web identity or container
// identity that the AWS_WEB_IDENTITY_TOKEN_FILE and
// AWS_CONTAINER_CREDENTIALS_… variables name. The region, which MinIO rarely
// cares about, from AWS_REGION or MINIO_REGION.
package minio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"

	"github.com/minio/minio-go/v7"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
	"github.com/cairnstore/cairn/store/internal/transport"
)

// Options say how to reach the server.
type Options struct {
	Insecure bool // plain HTTP
}

// A Store is a [store.Composer] in a bucket. It sends every request once.
type Store struct {
	clients
	bucket string
	seen   atomic.Bool // the bucket exists
}

var _ store.Composer = (*Store)(nil)

// New returns the Store in bucket, which must exist, of the server at endpoint,
// a host or host:port. It sends no request. Nil options are the defaults.
func New(endpoint, bucket string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	if bucket == "" {
		return nil, fmt.Errorf("%w: no bucket", fs.ErrInvalid)
	}
	c, err := connect(endpoint, *o)
	if err != nil {
		return nil, fmt.Errorf("configuration of minio: %w", err)
	}
	return &Store{clients: c, bucket: bucket}, nil
}

// Open implements [store.Store].
func (s *Store) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	if err := s3api.Usable(ctx, key); err != nil {
		return nil, store.Info{}, s3api.Fail("open", key, err)
	}
	body, info, err := s.open(ctx, key, off, n)
	return body, info, s3api.Fail("open", key, err)
}

func (s *Store) open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	if n == 0 { // no Range header can say that
		return s.openNothing(ctx, key)
	}
	asked := s3api.Range(off, n)
	var o minio.GetObjectOptions
	if asked != "" {
		o.Set("Range", asked)
	}
	body, object, header, err := s.client.GetObject(ctx, s.bucket, key, o)
	if a := answer(err); a != nil && a.Code == "InvalidRange" {
		return s.openNothing(ctx, key)
	}
	if err != nil {
		return nil, store.Info{}, s.explain(ctx, "open", err)
	}
	if object.Size, err = s3api.Size(asked, header.Get("Content-Range"), object.Size); err != nil {
		body.Close()
		return nil, store.Info{}, err
	}
	return &s3api.Body{Ctx: ctx, Key: key, Body: body}, info(key, object), nil
}

func (s *Store) openNothing(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	info, err := s.stat(ctx, "open", key)
	if err != nil {
		return nil, store.Info{}, err
	}
	return io.NopCloser(strings.NewReader("")), info, nil
}

// Stat implements [store.Store].
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	if err := s3api.Usable(ctx, key); err != nil {
		return store.Info{}, s3api.Fail("stat", key, err)
	}
	info, err := s.stat(ctx, "stat", key)
	info.Token = store.NoToken
	return info, s3api.Fail("stat", key, err)
}

func (s *Store) stat(ctx context.Context, op, key string) (store.Info, error) {
	object, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return store.Info{}, s.absent(ctx, op, s.explain(ctx, op, err))
	}
	return info(key, object), nil
}

// absent turns the ErrNotExist of a HEAD request, whose answer does not say
// what is missing, into ErrNoStore if it is the bucket. It asks only once.
func (s *Store) absent(ctx context.Context, op string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) || s.seen.Load() {
		return err
	}
	exists, bucketErr := s.client.BucketExists(ctx, s.bucket)
	if !exists && bucketErr == nil {
		return s3api.Explain(ctx, op, s.bucket, &s3api.Answer{Code: "NoSuchBucket"}, nil)
	}
	s.seen.Store(true)
	return err
}

// Create implements [store.Store]. It is one request, which takes at most 5 GiB;
// a larger object is composed. The server is sent the CRC-32C of the body.
func (s *Store) Create(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	if err := s3api.Usable(ctx, key); err != nil {
		return s3api.Fail("create", key, err)
	}
	o := withChecksum(sum)
	o.SetMatchETagExcept("*")
	with, reader := transport.WithBody(ctx, body)
	done, err := s.client.PutObject(with, s.bucket, key, reader, body.Size(), "", "", o)
	if err != nil {
		return s3api.Fail("create", key, s.explain(ctx, "create", err))
	}
	return s3api.Fail("create", key, s3api.CheckSum(text(sum), done.ChecksumCRC32C))
}

// Swap implements [store.Store]. The token is the ETag.
func (s *Store) Swap(ctx context.Context, key string, old store.Token, body []byte) (store.Token, error) {
	if err := s3api.Swappable(ctx, key, body); err != nil {
		return "", s3api.Fail("swap", key, err)
	}
	o := withChecksum(store.ChecksumOf(body))
	if old == store.NoToken {
		o.SetMatchETagExcept("*")
	} else {
		o.SetMatchETag(string(old))
	}
	done, err := s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(body), int64(len(body)), "", "", o)
	if err != nil {
		return "", s3api.Fail("swap", key, s.explain(ctx, "swap", err))
	}
	if done.ETag == "" {
		return "", s3api.Fail("swap", key, errors.New("the server answered without an ETag"))
	}
	return store.Token(done.ETag), nil
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := s3api.Usable(ctx, key); err != nil {
		return s3api.Fail("delete", key, err)
	}
	err := s.explain(ctx, "delete", s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s3api.Fail("delete", key, err)
}

// withChecksum has the server check the CRC-32C of the body, and spares a
// SHA-256 of it.
func withChecksum(sum store.Checksum) minio.PutObjectOptions {
	return minio.PutObjectOptions{
		UserMetadata:         map[string]string{"x-amz-checksum-crc32c": text(sum)},
		DisableContentSha256: true,
	}
}

func info(key string, o minio.ObjectInfo) store.Info {
	i := store.Info{Key: key, Size: o.Size, Modified: o.LastModified}
	if o.Size <= store.MaxSwap {
		i.Token = store.Token(o.ETag)
	}
	return i
}
