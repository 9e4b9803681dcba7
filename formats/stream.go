package formats

import (
	"encoding/binary"
	"io"

	"github.com/klauspost/cpuid/v2"
	"github.com/zeebo/blake3"
	"lukechampine.com/blake3/guts"
)

// A stream is BLAKE3 of what is written to it. Sum appends the digest to b.
type stream interface {
	io.Writer
	Sum(b []byte) []byte
}

// newColumnStream returns the stream of a column's digest. Most of the time of a
// digest goes here, so the faster of two implementations is taken.
func newColumnStream() stream {
	if cpuid.CPU.Supports(cpuid.AVX512F) {
		return &treeStream{key: columnKey, buf: make([]byte, 0, leafBytes)}
	}
	return blake3.NewDeriveKey(columnContext)
}

// leafBytes is what is hashed at a time: as many of BLAKE3's chunks as a register
// of AVX-512 has words.
const leafBytes = guts.MaxSIMD * guts.ChunkSize

type chainingValue [8]uint32

// A treeStream is BLAKE3's derive-key mode, section 2.3 of its specification, by a
// library that knows AVX-512 and whose own stream does not make full use of it.
type treeStream struct {
	key    chainingValue
	buf    []byte          // the last leaf, which may be the root
	leaves uint64          // before that
	left   []chainingValue // the complete subtrees of these, the largest first
}

var columnKey = keyOf(columnContext)

// keyOf is the first stage of that mode: a key from the context, which is short.
func keyOf(context string) chainingValue {
	node := guts.CompressChunk([]byte(context), &guts.IV, 0, guts.FlagDeriveKeyContext)
	node.Flags |= guts.FlagRoot
	words := guts.CompressNode(node)
	return chainingValue(words[:8])
}

// rootOfShort returns the root of what has one chunk at most, from which its digest
// of any length follows. Streams cost much more than the hash of so little.
func rootOfShort(key *chainingValue, b []byte) guts.Node {
	node := guts.CompressChunk(b, (*[8]uint32)(key), 0, guts.FlagDeriveKeyMaterial)
	node.Flags |= guts.FlagRoot
	return node
}

// putWords sets the digest of a root.
func putWords(d []byte, root guts.Node) {
	words := guts.CompressNode(root)
	for i := range len(d) / 4 {
		binary.LittleEndian.PutUint32(d[4*i:], words[i])
	}
}

func (s *treeStream) Write(p []byte) (int, error) {
	size := len(p)
	if len(s.buf) > 0 {
		n := min(len(p), leafBytes-len(s.buf))
		s.buf, p = append(s.buf, p[:n]...), p[n:]
		if len(p) == 0 {
			return size, nil
		}
		s.leaf(s.buf)
		s.buf = s.buf[:0]
	}
	for len(p) > leafBytes {
		s.leaf(p[:leafBytes])
		p = p[leafBytes:]
	}
	s.buf = append(s.buf, p...)
	return size, nil
}

// leaf adds a leaf that others follow. Each 1 at the end of their number is a
// subtree that the leaf completes.
func (s *treeStream) leaf(b []byte) {
	value := s.compress((*[leafBytes]byte)(b), leafBytes)
	cv := chainingValue(guts.ChainingValue(value))
	for n := s.leaves; n&1 == 1; n >>= 1 {
		last := len(s.left) - 1
		cv = guts.ChainingValue(s.parent(s.left[last], cv))
		s.left = s.left[:last]
	}
	s.left = append(s.left, cv)
	s.leaves++
}

func (s *treeStream) compress(b *[leafBytes]byte, size int) guts.Node {
	return guts.CompressBuffer(b, size, (*[8]uint32)(&s.key), s.leaves*guts.MaxSIMD, guts.FlagDeriveKeyMaterial)
}

func (s *treeStream) parent(left, right chainingValue) guts.Node {
	return guts.ParentNode(left, right, (*[8]uint32)(&s.key), guts.FlagDeriveKeyMaterial)
}

func (s *treeStream) Sum(b []byte) []byte {
	var last [leafBytes]byte
	node := s.compress(&last, copy(last[:], s.buf))
	for i := len(s.left) - 1; i >= 0; i-- {
		node = s.parent(s.left[i], guts.ChainingValue(node))
	}
	node.Flags |= guts.FlagRoot
	var d [DigestSize]byte
	putWords(d[:], node)
	return append(b, d[:]...)
}
