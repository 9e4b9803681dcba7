package s3

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/composition"
	"github.com/cairnstore/cairn/store/internal/s3api"
	"github.com/cairnstore/cairn/store/internal/transport"
)

// Limits implements [store.Composer].
func (s *Store) Limits() store.Limits { return composition.Limits }

// Compose implements [store.Composer].
func (s *Store) Compose(ctx context.Context, key string, size int64, o *store.ComposeOptions) (store.Composition, error) {
	return composition.Compose(ctx, uploads{s}, key, o)
}

// Compositions implements [store.Composer].
func (s *Store) Compositions(ctx context.Context, key string) ([]store.Composition, error) {
	return composition.Compositions(ctx, uploads{s}, key)
}

type uploads struct{ s *Store }

// Begin implements [composition.Client].
func (c uploads) Begin(ctx context.Context, key string, checksummed bool) (string, error) {
	in := &s3.CreateMultipartUploadInput{Bucket: &c.s.bucket, Key: &key}
	if checksummed {
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc64nvme
		in.ChecksumType = types.ChecksumTypeFullObject
	}
	out, err := c.s.client.CreateMultipartUpload(ctx, in)
	if err != nil {
		return "", c.s.explain(ctx, "create", err)
	}
	return aws.ToString(out.UploadId), nil
}

// Uploads implements [composition.Client].
func (c uploads) Uploads(ctx context.Context, key string) (found []composition.Upload, err error) {
	pages := s3.NewListMultipartUploadsPaginator(c.s.client, &s3.ListMultipartUploadsInput{Bucket: &c.s.bucket, Prefix: &key})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, c.s.explain(ctx, "create", err)
		}
		for _, u := range out.Uploads {
			if aws.ToString(u.Key) == key {
				found = append(found, composition.Upload{Key: key, ID: aws.ToString(u.UploadId)})
			}
		}
	}
	return found, nil
}

// Stored implements [composition.Client].
func (c uploads) Stored(ctx context.Context, u composition.Upload) (composition.Stored, error) {
	stored := composition.Stored{Parts: make(map[int]composition.StoredPart)}
	pages := s3.NewListPartsPaginator(c.s.client, &s3.ListPartsInput{Bucket: &c.s.bucket, Key: &u.Key, UploadId: &u.ID})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return stored, c.s.explain(ctx, "create", err)
		}
		stored.Checksummed = out.ChecksumAlgorithm == types.ChecksumAlgorithmCrc64nvme
		for _, p := range out.Parts {
			stored.Parts[int(aws.ToInt32(p.PartNumber))] = composition.StoredPart{
				Size: aws.ToInt64(p.Size),
				Sum:  aws.ToString(p.ChecksumCRC64NVME),
				ETag: s3api.ETag(aws.ToString(p.ETag)),
			}
		}
	}
	return stored, nil
}

// Text implements [composition.Client].
func (c uploads) Text(sum store.Checksum) string { return text(sum) }

// text is the CRC-64/NVME, which Amazon recommends, and the only checksum of whole
// objects of parts that all servers have which have one.
func text(sum store.Checksum) string { return s3api.CRC64(sum.CRC64NVME) }

// PutPart implements [composition.Client].
func (c uploads) PutPart(ctx context.Context, u composition.Upload, p store.Part, md5 []byte, body *io.SectionReader) (string, error) {
	with, reader := transport.WithBody(ctx, body)
	in := &s3.UploadPartInput{
		Bucket:     &c.s.bucket,
		Key:        &u.Key,
		UploadId:   &u.ID,
		PartNumber: aws.Int32(int32(p.Number)),
		Body:       reader,
	}
	if md5 != nil {
		in.ContentMD5 = aws.String(base64.StdEncoding.EncodeToString(md5))
	} else {
		in.ChecksumCRC64NVME = aws.String(text(p.Sum))
	}
	out, err := c.s.client.UploadPart(with, in, unsignedPayload)
	if err != nil {
		return "", c.s.explain(ctx, "create", err)
	}
	return s3api.ETag(aws.ToString(out.ETag)), nil
}

// CopyPart implements [composition.Client].
func (c uploads) CopyPart(ctx context.Context, u composition.Upload, p store.Part, from string, off int64) (string, error) {
	out, err := c.s.client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
		Bucket:          &c.s.bucket,
		Key:             &u.Key,
		UploadId:        &u.ID,
		PartNumber:      aws.Int32(int32(p.Number)),
		CopySource:      aws.String(c.s.bucket + "/" + from), // nothing in a valid key is escaped
		CopySourceRange: aws.String(s3api.Range(off, p.Size)),
	}, c.s.patient)
	switch {
	case err != nil:
		return "", c.s.explain(ctx, "copy", err)
	case out.ServerSideEncryption == types.ServerSideEncryptionAwsKms, out.ServerSideEncryption == types.ServerSideEncryptionAwsKmsDsse:
		return "", fmt.Errorf("%w: the bucket encrypts by %s, so a copy cannot be checked", errors.ErrUnsupported, out.ServerSideEncryption)
	case out.CopyPartResult == nil || out.CopyPartResult.ETag == nil: // the connection ended after "200 OK"
		return "", c.s.explain(ctx, "copy", io.ErrUnexpectedEOF)
	}
	return s3api.ETag(*out.CopyPartResult.ETag), nil
}

// Complete implements [composition.Client].
func (c uploads) Complete(ctx context.Context, u composition.Upload, parts []store.Part, sum store.Checksum) (composition.Object, error) {
	in := &s3.CompleteMultipartUploadInput{
		Bucket:          &c.s.bucket,
		Key:             &u.Key,
		UploadId:        &u.ID,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: completed(u, parts)},
		IfNoneMatch:     aws.String("*"),
	}
	if u.Checksummed {
		in.ChecksumCRC64NVME = aws.String(text(sum))
		in.ChecksumType = types.ChecksumTypeFullObject
	}
	out, err := c.s.client.CompleteMultipartUpload(ctx, in, c.s.patient)
	if err == nil && out.ETag == nil { // the connection ended after "200 OK"
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return composition.Object{}, c.s.explain(ctx, "create", err)
	}
	return composition.Object{ETag: s3api.ETag(*out.ETag), Sum: aws.ToString(out.ChecksumCRC64NVME)}, nil
}

func completed(u composition.Upload, parts []store.Part) []types.CompletedPart {
	all := make([]types.CompletedPart, len(parts))
	for i, p := range parts {
		all[i] = types.CompletedPart{PartNumber: aws.Int32(int32(p.Number)), ETag: aws.String(p.Tag)}
		if u.Checksummed {
			all[i].ChecksumCRC64NVME = aws.String(text(p.Sum))
		}
	}
	return all
}

// Abort implements [composition.Client].
func (c uploads) Abort(ctx context.Context, u composition.Upload) {
	c.s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &c.s.bucket, Key: &u.Key, UploadId: &u.ID})
}
