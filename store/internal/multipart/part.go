package multipart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/minio/crc64nvme"

	"github.com/cairnstore/cairn/store"
)

const (
	attempts = 3 // of each part
	backoff  = 200 * time.Millisecond
)

// uploadPart reads a part twice: once for its checksum, which goes ahead of the
// bytes, and once to send it. The second time it comes from the page cache.
//
// It tries again by itself, with a new reader each time: an SDK would rewind
// the one that an earlier, failed request may still be reading from.
func uploadPart(ctx context.Context, u Upload, number int32, body *io.SectionReader, off, n int64) (Part, error) {
	sum, err := checksum(io.NewSectionReader(body, off, n))
	if err != nil {
		return Part{}, err
	}
	p := Part{Number: number, CRC64NVME: sum}
	for attempt := 1; ; attempt++ {
		p.ETag, err = u.Part(ctx, p, io.NewSectionReader(body, off, n))
		if !errors.Is(err, store.ErrTemporary) || attempt == attempts {
			return p, err
		}
		if !sleep(ctx, rand.N(backoff<<attempt)) {
			return p, err
		}
	}
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

func checksum(part *io.SectionReader) (uint64, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	h := crc64nvme.New()
	n, err := io.CopyBuffer(h, part, *buf)
	if err == nil && n < part.Size() {
		err = fmt.Errorf("the body ends %d bytes early", part.Size()-n)
	}
	return h.Sum64(), err
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
