package transfer

import (
	"encoding/binary"
	"math/bits"

	"lukechampine.com/blake3/guts"

	"github.com/cairnstore/cairn/layout"
)

// The functions below put BLAKE3 together from parts that were hashed apart:
// section 2.1 of its specification. A tree of n leaves has on its left the largest
// power of two of them that is less than n.

const chunkBytes = guts.ChunkSize

// A chainingValue is what a parent hashes of a child.
type chainingValue [8]uint32

// subtree hashes bytes whose first chunk has the given number in the file.
func subtree(b []byte, chunk uint64) guts.Node {
	const atOnce = guts.MaxSIMD * chunkBytes
	if len(b) > atOnce {
		chunks := (len(b) + chunkBytes - 1) / chunkBytes
		left := leftOf(chunks)
		return parent(guts.ChainingValue(subtree(b[:left*chunkBytes], chunk)),
			guts.ChainingValue(subtree(b[left*chunkBytes:], chunk+uint64(left))))
	}
	var block *[atOnce]byte
	if len(b) == atOnce {
		block = (*[atOnce]byte)(b)
	} else {
		block = new([atOnce]byte)
		copy(block[:], b)
	}
	return guts.CompressBuffer(block, len(b), &guts.IV, chunk, 0)
}

// leftOf returns how many of n leaves, at least two, are on the left.
func leftOf(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

func parent(left, right chainingValue) guts.Node {
	return guts.ParentNode(left, right, &guts.IV, 0)
}

// rootOf returns the root of at least one subtree, which all but the last have the
// same power of two of chunks.
func rootOf(subtrees []guts.Node) guts.Node {
	if len(subtrees) == 1 {
		return subtrees[0]
	}
	left := leftOf(len(subtrees))
	return parent(guts.ChainingValue(rootOf(subtrees[:left])), guts.ChainingValue(rootOf(subtrees[left:])))
}

// join is rootOf at least two subtrees that are known by their values.
func join(subtrees []chainingValue) guts.Node {
	value := func(part []chainingValue) chainingValue {
		if len(part) == 1 {
			return part[0]
		}
		return guts.ChainingValue(join(part))
	}
	left := leftOf(len(subtrees))
	return parent(value(subtrees[:left]), value(subtrees[left:]))
}

// digestOf returns the digest whose tree has this root.
func digestOf(root guts.Node) (d layout.Digest) {
	root.Flags |= guts.FlagRoot
	words := guts.CompressNode(root)
	for i := range len(d) / 4 {
		binary.LittleEndian.PutUint32(d[4*i:], words[i])
	}
	return d
}
