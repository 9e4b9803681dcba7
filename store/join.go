package store

import "hash/crc32"

// A Joiner computes checksums of what was read in pieces, from those of the
// pieces alone.
type Joiner struct{ by64, by32 uint64 }

// NewJoiner returns a Joiner of pieces, the second of which has size bytes.
func NewJoiner(size int64) *Joiner {
	return &Joiner{nvme.power(8 * uint64(size)), castagnoliRing.power(8 * uint64(size))}
}

// Join returns the checksum of a piece with checksum a, followed by one of the
// Joiner's size with checksum b.
func (j *Joiner) Join(a, b Checksum) Checksum {
	return Checksum{
		nvme.times(a.CRC64NVME, j.by64) ^ b.CRC64NVME,
		uint32(castagnoliRing.times(uint64(a.CRC32C), j.by32)) ^ b.CRC32C,
	}
}

// A ring is that of polynomials over GF(2) modulo the polynomial of a CRC. As in
// CRCs that are called reflected, the highest bit is the coefficient of x^0. To
// append n bits to what a CRC is of is to multiply it by x^n, which zlib's
// crc32_combine rests on too.
type ring struct{ one, modulus uint64 }

var (
	nvme           = ring{1 << 63, 0x9a6c9329ac4bc9b5}
	castagnoliRing = ring{1 << 31, crc32.Castagnoli}
)

func (r ring) times(a, b uint64) (product uint64) {
	for bit := r.one; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ r.modulus
		} else {
			b >>= 1
		}
	}
	return product
}

// power returns x^n.
func (r ring) power(n uint64) uint64 {
	result, square := r.one, r.one>>1
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			result = r.times(result, square)
		}
		square = r.times(square, square)
	}
	return result
}
