package transfer

import (
	"context"
	"io"

	"github.com/zeebo/blake3"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
)

// A Sum is what one pass over some bytes tells of them.
type Sum struct {
	Size     int64
	Digest   layout.Digest
	Checksum store.Checksum
}

// SumOf returns the Sum of all that r has left.
func SumOf(ctx context.Context, r io.Reader) (Sum, error) {
	digest, check := blake3.New(), store.NewChecksummer()
	buf := make([]byte, 256<<10)
	var sum Sum
	for {
		if err := ctx.Err(); err != nil {
			return Sum{}, err
		}
		n, err := r.Read(buf)
		// The checksums first: they are far faster than memory, and leave the
		// bytes in the cache for BLAKE3.
		check.Write(buf[:n])
		digest.Write(buf[:n])
		sum.Size += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return Sum{}, err
		}
	}
	digest.Sum(sum.Digest[:0])
	sum.Checksum = check.Sum()
	return sum, nil
}
