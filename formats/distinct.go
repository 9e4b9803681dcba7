package formats

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"
)

// distinctHashes is the number of hashes from which the number of distinct
// values is estimated, with a standard error of 3 %.
const distinctHashes = 1024

// A distinct estimates how many distinct values it was shown, from the smallest
// of their hashes: SPEC.md, section 9. Up to [distinctHashes] it counts them.
//
// The result depends on the set of values alone. It is part of manifests, and so
// of the identity of versions, which is why it is defined to the last bit and not
// left to a library, whose next release might estimate better.
type distinct struct {
	n       int                        // hashes in the table
	table   [4 * distinctHashes]uint64 // by their top bits; 0 is free
	hasZero bool
	limit   uint64 // larger hashes do not count any more
	shift   int    // leaves the bits that number the table
}

func newDistinct() *distinct { return &distinct{limit: math.MaxUint64} }

// add counts a hash. Nearly all are passed over once there are many values, and
// the caller's loop has that without a call.
func (d *distinct) add(hash uint64) {
	if hash <= d.limit {
		d.insert(hash)
	}
}

func (d *distinct) insert(hash uint64) {
	if hash == 0 {
		d.hasZero = true
		return
	}
	i := hash << d.shift >> (64 - 12)
	for ; d.table[i] != 0; i = (i + 1) % uint64(len(d.table)) {
		if d.table[i] == hash {
			return
		}
	}
	d.table[i] = hash
	if d.n++; d.n == len(d.table)/2 {
		d.shrink()
	}
}

// shrink keeps the smallest hashes only.
func (d *distinct) shrink() {
	all := d.sorted()
	keep := all[:distinctHashes]
	d.limit = all[distinctHashes-1]
	// What is left is small: its leading zeros do not tell the hashes apart.
	d.shift = bits.LeadingZeros64(d.limit)
	clear(d.table[:])
	d.n, d.hasZero = 0, false
	for _, hash := range keep {
		d.add(hash)
	}
}

// sorted returns the hashes in their order.
func (d *distinct) sorted() []uint64 {
	var all []uint64
	if d.hasZero {
		all = append(all, 0)
	}
	for _, hash := range d.table {
		if hash != 0 {
			all = append(all, hash)
		}
	}
	slices.Sort(all)
	return all
}

// estimate returns the number of distinct values.
func (d *distinct) estimate() int64 {
	all := d.sorted()
	if len(all) < distinctHashes {
		return int64(len(all))
	}
	// Among u uniform numbers of 64 bits the k-th smallest is about k/u·2^64.
	n, _ := bits.Div64(distinctHashes-1, 0, max(all[distinctHashes-1], distinctHashes))
	return int64(min(n, 1<<53-1))
}

// hashes counts the hashes of values of a fixed width.
func (d *distinct) hashes(values []byte, width int) {
	switch width {
	case 8:
		for ; len(values) >= 8; values = values[8:] {
			d.add(xxh3Of8(binary.LittleEndian.Uint64(values)))
		}
	case 4:
		for ; len(values) >= 4; values = values[4:] {
			d.add(xxh3Of4(binary.LittleEndian.Uint32(values)))
		}
	default:
		for ; len(values) > 0; values = values[width:] {
			d.add(xxh3.Hash(values[:width]))
		}
	}
}

// xxh3Of8 is [xxh3.Hash] of 8 bytes, which a loop over all values of a table can
// have without a call.
func xxh3Of8(v uint64) uint64 { return xxh3Short(bits.RotateLeft64(v, 32), 8) }

// xxh3Of4 is [xxh3.Hash] of 4 bytes.
func xxh3Of4(v uint32) uint64 { return xxh3Short(uint64(v)|uint64(v)<<32, 4) }

func xxh3Short(h, size uint64) uint64 {
	const (
		secret = 0x1cad21f72c81017c ^ 0xdb979083e96dd4de // bytes 8 to 24 of XXH3's default secret
		prime  = 0x9fb21c651e98df25
	)
	h ^= secret
	h ^= bits.RotateLeft64(h, 49) ^ bits.RotateLeft64(h, 24)
	h *= prime
	h ^= h>>35 + size
	h *= prime
	return h ^ h>>28
}
