package minio

import (
	"context"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/multipart"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

func (s *Store) createLarge(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	o := minio.PutObjectOptions{UserMetadata: map[string]string{
		"x-amz-checksum-algorithm": "CRC64NVME",
		"x-amz-checksum-type":      "FULL_OBJECT",
	}}
	o.SetMatchETagExcept("*") // MinIO then refuses before a part is sent
	id, err := s.reads.NewMultipartUpload(ctx, s.bucket, key, o)
	if err != nil {
		return s.explain(ctx, "create", err)
	}
	return s.parts.Upload(ctx, &upload{s, key, id, sum}, body)
}

type upload struct {
	s   *Store
	key string
	id  string
	sum store.Checksum
}

// Part implements [multipart.Upload].
func (u *upload) Part(ctx context.Context, p multipart.Part, body *io.SectionReader) (string, error) {
	header := make(http.Header)
	header.Set("x-amz-checksum-crc64nvme", s3api.CRC64(p.CRC64NVME))
	part, err := u.s.once.PutObjectPart(ctx, u.s.bucket, u.key, u.id, int(p.Number), body, body.Size(),
		minio.PutObjectPartOptions{CustomHeader: header, DisableContentSha256: true})
	if err != nil {
		return "", u.s.explain(ctx, "create", err)
	}
	return part.ETag, nil
}

// Complete implements [multipart.Upload].
func (u *upload) Complete(ctx context.Context, parts []multipart.Part) error {
	completed := make([]minio.CompletePart, len(parts))
	for i, p := range parts {
		completed[i] = minio.CompletePart{
			PartNumber:        int(p.Number),
			ETag:              p.ETag,
			ChecksumCRC64NVME: s3api.CRC64(p.CRC64NVME),
		}
	}
	o := withChecksum(u.sum.CRC64NVME)
	o.UserMetadata["x-amz-checksum-type"] = "FULL_OBJECT"
	o.SetMatchETagExcept("*")
	done, err := u.s.complete.CompleteMultipartUpload(ctx, u.s.bucket, u.key, u.id, completed, o)
	if err != nil {
		return u.s.explain(ctx, "create", err)
	}
	return s3api.CheckCRC64(u.sum.CRC64NVME, done.ChecksumCRC64NVME)
}

// Abort implements [multipart.Upload].
func (u *upload) Abort(ctx context.Context) {
	u.s.reads.AbortMultipartUpload(ctx, u.s.bucket, u.key, u.id)
}
