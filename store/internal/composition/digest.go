package composition

import (
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"sync"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/transport"
)

// A digest is what both sides know of the bytes of a part: the server its MD5,
// and whoever names the object its checksum.
type digest struct {
	md5 []byte
	sum store.Checksum
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

func digestOf(ctx context.Context, body *io.SectionReader) (digest, error) {
	body = transport.Unmetered(body)
	buf := *buffers.Get().(*[]byte)
	defer buffers.Put(&buf)
	name, sum := md5.New(), store.NewChecksummer()
	for at := int64(0); at < body.Size(); {
		if err := ctx.Err(); err != nil {
			return digest{}, err
		}
		n, err := body.ReadAt(buf[:min(int64(len(buf)), body.Size()-at)], at)
		if n == 0 && err == io.EOF {
			err = fmt.Errorf("%w: the body ends %d bytes early", store.ErrChecksum, body.Size()-at)
		}
		if n == 0 {
			return digest{}, err
		}
		sum.Write(buf[:n])
		name.Write(buf[:n])
		at += int64(n)
	}
	return digest{name.Sum(nil), sum.Sum()}, nil
}

func (d digest) check(p store.Part) error {
	if d.sum != p.Sum {
		return fmt.Errorf("%w: part %d is not what was to be stored", store.ErrChecksum, p.Number)
	}
	return nil
}
