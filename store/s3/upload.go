package s3

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/multipart"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

func (s *Store) createLarge(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	out, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket:            &s.bucket,
		Key:               &key,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
		ChecksumType:      types.ChecksumTypeFullObject,
	})
	if err != nil {
		return s.explain(ctx, "create", err)
	}
	return s.parts.Upload(ctx, &upload{s, key, out.UploadId, sum}, body)
}

type upload struct {
	s   *Store
	key string
	id  *string
	sum store.Checksum
}

// Part implements [multipart.Upload].
func (u *upload) Part(ctx context.Context, p multipart.Part, body *io.SectionReader) (string, error) {
	out, err := u.s.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket:            &u.s.bucket,
		Key:               &u.key,
		UploadId:          u.id,
		PartNumber:        &p.Number,
		Body:              body,
		ChecksumCRC64NVME: aws.String(s3api.CRC64(p.CRC64NVME)),
	}, once, unsignedPayload)
	if err != nil {
		return "", u.s.explain(ctx, "create", err)
	}
	return aws.ToString(out.ETag), nil
}

// Complete implements [multipart.Upload].
func (u *upload) Complete(ctx context.Context, parts []multipart.Part) error {
	completed := make([]types.CompletedPart, len(parts))
	for i, p := range parts {
		completed[i] = types.CompletedPart{
			PartNumber:        &p.Number,
			ETag:              &p.ETag,
			ChecksumCRC64NVME: aws.String(s3api.CRC64(p.CRC64NVME)),
		}
	}
	out, err := u.s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket:            &u.s.bucket,
		Key:               &u.key,
		UploadId:          u.id,
		MultipartUpload:   &types.CompletedMultipartUpload{Parts: completed},
		ChecksumCRC64NVME: aws.String(s3api.CRC64(u.sum.CRC64NVME)),
		ChecksumType:      types.ChecksumTypeFullObject,
		IfNoneMatch:       aws.String("*"),
	}, once, u.s.patient)
	if err != nil {
		return u.s.explain(ctx, "create", err)
	}
	if out.ETag == nil { // the connection ended after "200 OK"
		return u.s.explain(ctx, "create", io.ErrUnexpectedEOF)
	}
	return s3api.CheckCRC64(u.sum.CRC64NVME, aws.ToString(out.ChecksumCRC64NVME))
}

// Abort implements [multipart.Upload].
func (u *upload) Abort(ctx context.Context) {
	u.s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.s.bucket, Key: &u.key, UploadId: u.id})
}
