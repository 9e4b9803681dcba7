package transfer

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cairnstore/cairn/store"
)

// partJoiner is for pieces of PartBytes, which is what nearly all of them are.
var partJoiner = sync.OnceValue(func() *store.Joiner { return store.NewJoiner(PartBytes) })

func joinerOf(size int64) *store.Joiner {
	if size == PartBytes {
		return partJoiner()
	}
	return store.NewJoiner(size)
}

// addPart adds the checksum of the next size bytes.
func (s *Sum) addPart(part store.Checksum, size int64) {
	s.Checksum = joinerOf(size).Join(s.Checksum, part)
	s.Parts = append(s.Parts, part)
}

// finishParts drops what says no more than the Checksum itself.
func (s *Sum) finishParts() {
	if len(s.Parts) < 2 {
		s.Parts = nil
	}
}

// checksumOf returns the checksum of size bytes of body from off. Of whole parts the
// Sum has it; only the bytes beside them are read.
func (s *Sum) checksumOf(body io.ReaderAt, off, size int64) (sum store.Checksum, err error) {
	for end := off + size; off < end; {
		next := min(end, (off/PartBytes+1)*PartBytes)
		piece, ok := s.partAt(off, next)
		if !ok {
			if piece, err = readChecksum(body, off, next-off); err != nil {
				return sum, err
			}
		}
		sum = joinerOf(next-off).Join(sum, piece)
		off = next
	}
	return sum, nil
}

// partAt returns the checksum of a range, if it is that of a whole part.
func (s *Sum) partAt(off, end int64) (store.Checksum, bool) {
	i := off / PartBytes
	if off%PartBytes != 0 || end != min(s.Size, off+PartBytes) || i >= int64(len(s.Parts)) {
		return store.Checksum{}, false
	}
	return s.Parts[i], true
}

func readChecksum(body io.ReaderAt, off, size int64) (store.Checksum, error) {
	buf := takeSegment()
	defer giveSegment(buf)
	h := store.NewChecksummer()
	for done := int64(0); done < size; {
		b := buf[:min(segmentBytes, size-done)]
		n, err := body.ReadAt(b, off+done)
		if n < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				err = fmt.Errorf("%w: it ends after %d bytes", store.ErrChecksum, off+done+int64(n))
			}
			return store.Checksum{}, err
		}
		h.Write(b)
		done += int64(n)
	}
	return h.Sum(), nil
}

// segments are buffers for one segment each.
var segments = sync.Pool{New: func() any { return new([segmentBytes]byte) }}

func takeSegment() *[segmentBytes]byte  { return segments.Get().(*[segmentBytes]byte) }
func giveSegment(b *[segmentBytes]byte) { segments.Put(b) }
