package store

import (
	"hash"
	"hash/crc32"
	"io"

	"github.com/minio/crc64nvme"
)

// A Checksum is what the caller of Create knows of the body, computed in the
// same pass over the bytes that named them. It goes along to the server, which
// refuses bytes that do not match, so nothing can change between that pass and
// the disk: neither the network nor the source file. It has the two sums that
// object stores check: S3 the first, MinIO and GCS the second.
type Checksum struct {
	CRC64NVME uint64
	CRC32C    uint32
}

// ChecksumOf returns the checksum of b.
func ChecksumOf(b []byte) Checksum {
	return Checksum{crc64nvme.Checksum(b), crc32.Checksum(b, castagnoli)}
}

// ReadChecksum returns the checksum of all that r has left.
func ReadChecksum(r io.Reader) (Checksum, error) {
	h := NewChecksummer()
	buf := make([]byte, 256<<10)
	_, err := io.CopyBuffer(h, struct{ io.Reader }{r}, buf)
	return h.Sum(), err
}

// A Checksummer computes a [Checksum] of what is written to it.
type Checksummer struct {
	crc64 hash.Hash64
	crc32 hash.Hash32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// NewChecksummer returns a Checksummer of no bytes.
func NewChecksummer() *Checksummer {
	return &Checksummer{crc64nvme.New(), crc32.New(castagnoli)}
}

// Write adds b. It never fails.
func (c *Checksummer) Write(b []byte) (int, error) {
	c.crc64.Write(b)
	c.crc32.Write(b)
	return len(b), nil
}

// Sum returns the checksum of what was written so far.
func (c *Checksummer) Sum() Checksum { return Checksum{c.crc64.Sum64(), c.crc32.Sum32()} }
