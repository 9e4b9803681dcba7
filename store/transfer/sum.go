package transfer

import (
	"context"
	"io"
	"time"

	"github.com/zeebo/blake3"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
)

// PartBytes is the size of the ranges of which a [Sum] has checksums, in bytes.
const PartBytes = 16 << 20

// A Sum is what one pass over some bytes tells of them.
type Sum struct {
	Size     int64
	Digest   layout.Digest
	Checksum store.Checksum
	Parts    []store.Checksum // of each PartBytes and of the rest; nil for at most PartBytes
}

// SumOf returns the Sum of all that r has left.
func SumOf(ctx context.Context, r io.Reader) (Sum, error) {
	digest, check := blake3.New(), store.NewChecksummer()
	buf := takeSegment()
	defer giveSegment(buf)
	meter := meterOf(r)
	var sum Sum
	part := int64(0) // bytes of it so far
	for {
		if err := ctx.Err(); err != nil {
			return Sum{}, err
		}
		n, err := r.Read(buf[:min(segmentBytes, PartBytes-part)])
		began := time.Now()
		// The checksums first: they are far faster than memory, and leave the
		// bytes in the cache for BLAKE3.
		check.Write(buf[:n])
		digest.Write(buf[:n])
		meter.hashedFor(time.Since(began))
		sum.Size += int64(n)
		part += int64(n)
		if part == PartBytes || err == io.EOF && part > 0 {
			sum.addPart(check.Sum(), part)
			check, part = store.NewChecksummer(), 0
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return Sum{}, err
		}
	}
	digest.Sum(sum.Digest[:0])
	sum.finishParts()
	return sum, nil
}
