// Package s3 keeps objects in a bucket of Amazon S3, or of a server that speaks
// its API, conditional writes included.
//
// Credentials and region come from where the AWS tools find them: the
// environment, the shared configuration files, a web identity or pod identity,
// the metadata of the container or the machine.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
	"github.com/cairnstore/cairn/store/internal/transport"
)

// Options say where the bucket is, beyond what the environment says.
type Options struct {
	Region   string // default: that of the environment, else us-east-1
	Endpoint string // URL of another server than AWS
}

// A Store is a [store.Composer] in a bucket. It sends every request once.
type Store struct {
	client   *s3.Client
	complete s3.HTTPClient // waits longer for an answer
	bucket   string
	seen     atomic.Bool // the bucket exists
}

var _ store.Composer = (*Store)(nil)

// New returns the Store in bucket, which must exist. It reads the configuration
// but sends no request to the bucket. Nil options are the defaults.
func New(ctx context.Context, bucket string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	if bucket == "" {
		return nil, fmt.Errorf("%w: no bucket", fs.ErrInvalid)
	}
	client, complete, err := connect(ctx, *o)
	if err != nil {
		return nil, fmt.Errorf("configuration of s3: %w", err)
	}
	return &Store{client: client, complete: complete, bucket: bucket}, nil
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
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	if asked != "" {
		in.Range = &asked
	}
	out, err := s.client.GetObject(ctx, in)
	if a := answer(err); a != nil && a.Code == "InvalidRange" {
		return s.openNothing(ctx, key)
	}
	if err != nil {
		return nil, store.Info{}, s.explain(ctx, "open", err)
	}
	size, err := s3api.Size(asked, aws.ToString(out.ContentRange), aws.ToInt64(out.ContentLength))
	if err != nil {
		out.Body.Close()
		return nil, store.Info{}, err
	}
	info := store.Info{Key: key, Size: size, Token: token(size, out.ETag), Modified: aws.ToTime(out.LastModified)}
	return &s3api.Body{Ctx: ctx, Key: key, Body: out.Body}, info, nil
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
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return store.Info{}, s.absent(ctx, op, s.explain(ctx, op, err))
	}
	size := aws.ToInt64(out.ContentLength)
	return store.Info{Key: key, Size: size, Token: token(size, out.ETag), Modified: aws.ToTime(out.LastModified)}, nil
}

// absent turns the ErrNotExist of a HEAD request, whose answer does not say
// what is missing, into ErrNoStore if it is the bucket. It asks only once.
func (s *Store) absent(ctx context.Context, op string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) || s.seen.Load() {
		return err
	}
	_, bucketErr := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket})
	if a := answer(bucketErr); a != nil && a.Status == 404 {
		a.Code = "NoSuchBucket"
		return s3api.Explain(ctx, op, s.bucket, a, bucketErr)
	}
	s.seen.Store(true)
	return err
}

// Create implements [store.Store]. It is one request, which takes at most 5 GiB;
// a larger object is composed. The server is sent the CRC-64/NVME of the body.
func (s *Store) Create(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	if err := s3api.Usable(ctx, key); err != nil {
		return s3api.Fail("create", key, err)
	}
	crc := text(sum)
	with, reader := transport.WithBody(ctx, body)
	out, err := s.client.PutObject(with, &s3.PutObjectInput{
		Bucket:            &s.bucket,
		Key:               &key,
		Body:              reader,
		ChecksumCRC64NVME: &crc,
		IfNoneMatch:       aws.String("*"),
	}, unsignedPayload)
	if err != nil {
		return s3api.Fail("create", key, s.explain(ctx, "create", err))
	}
	return s3api.Fail("create", key, s3api.CheckSum(crc, aws.ToString(out.ChecksumCRC64NVME)))
}

// Swap implements [store.Store]. The token is the ETag.
func (s *Store) Swap(ctx context.Context, key string, old store.Token, body []byte) (store.Token, error) {
	if err := s3api.Swappable(ctx, key, body); err != nil {
		return "", s3api.Fail("swap", key, err)
	}
	crc := text(store.ChecksumOf(body))
	in := &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(body), ChecksumCRC64NVME: &crc}
	if old == store.NoToken {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = aws.String(string(old))
	}
	out, err := s.client.PutObject(ctx, in, unsignedPayload)
	if err != nil {
		return "", s3api.Fail("swap", key, s.explain(ctx, "swap", err))
	}
	if aws.ToString(out.ETag) == "" {
		return "", s3api.Fail("swap", key, errors.New("the server answered without an ETag"))
	}
	return store.Token(*out.ETag), nil
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := s3api.Usable(ctx, key); err != nil {
		return s3api.Fail("delete", key, err)
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key})
	err = s.explain(ctx, "delete", err)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s3api.Fail("delete", key, err)
}

func token(size int64, etag *string) store.Token {
	if size > store.MaxSwap {
		return store.NoToken
	}
	return store.Token(aws.ToString(etag))
}
