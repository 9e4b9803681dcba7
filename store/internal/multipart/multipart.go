// Package multipart uploads one large object as parts in parallel, straight
// from a body that can be read at any offset: no part is ever held in memory.
package multipart

import (
	"context"
	"io"
	"time"

	"github.com/cairnstore/cairn/store/internal/group"
)

const (
	// MinPart is the size of a part. Only a body that would need more than
	// 10,000 of them, which no server takes, has larger ones.
	MinPart  = 16 << 20
	maxParts = 10_000

	inFlight     = 8 // parts of one Uploader, over all its uploads
	abortTimeout = 5 * time.Second
)

// An Upload is one multipart upload that a server has begun.
type Upload interface {
	// Part stores one part. It may be called again for the same part.
	Part(ctx context.Context, p Part, body *io.SectionReader) (etag string, err error)

	// Complete makes the object from its parts. It is called at most once.
	Complete(ctx context.Context, parts []Part) error

	// Abort discards the parts. What it cannot discard is left to the server.
	Abort(ctx context.Context)
}

// A Part describes one part of an upload.
type Part struct {
	Number    int32 // from 1
	ETag      string
	CRC64NVME uint64
}

// An Uploader bounds the number of parts that are on their way at one time.
type Uploader struct {
	slots chan struct{}
}

// New returns an Uploader.
func New() *Uploader { return &Uploader{make(chan struct{}, inFlight)} }

// Upload stores body through u, and aborts u if it fails.
func (up *Uploader) Upload(ctx context.Context, u Upload, body *io.SectionReader) error {
	completed := false
	defer func() {
		if !completed { // also after a panic, and after ctx has ended
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
			defer cancel()
			u.Abort(ctx)
		}
	}()
	parts, err := up.parts(ctx, u, body)
	if err != nil {
		return err
	}
	err = u.Complete(ctx, parts)
	completed = err == nil
	return err
}

func (up *Uploader) parts(ctx context.Context, u Upload, body *io.SectionReader) ([]Part, error) {
	size := PartSize(body.Size())
	parts := make([]Part, (body.Size()+size-1)/size)
	g, groupCtx := group.WithContext(ctx)
	for i := range parts {
		if !up.acquire(groupCtx) {
			break
		}
		g.Go(func() (err error) {
			defer up.release()
			off := int64(i) * size
			parts[i], err = uploadPart(groupCtx, u, int32(i+1), body, off, min(size, body.Size()-off))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return parts, ctx.Err()
}

func (up *Uploader) acquire(ctx context.Context) bool {
	select {
	case up.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (up *Uploader) release() { <-up.slots }

// PartSize returns the size of the parts of an object of total bytes: a power
// of two, so that parts begin where a reader's ranges do.
func PartSize(total int64) int64 {
	size := int64(MinPart)
	for (total+size-1)/size > maxParts {
		size *= 2
	}
	return size
}
