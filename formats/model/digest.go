package model

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"io"
	"slices"

	"github.com/zeebo/blake3"
)

// digest fills in the digest of each tensor and that of all.
func (m *Model) digest(f *file) error {
	sums := make([][]byte, len(m.Tensors))
	whole := len(sums) > 0
	buf := make([]byte, 64<<10)
	h := blake3.New()
	for i := range m.Tensors {
		t := &m.Tensors[i]
		if t.Offset == 0 {
			whole = false
			continue
		}
		h.Reset()
		src := &source{ctx: f.ctx, r: f.section(t.Offset, t.Offset+t.Size)}
		if _, err := io.CopyBuffer(h, src, buf); err != nil {
			return err
		}
		sums[i] = h.Sum(nil)
		t.Digest = digestText(sums[i])
	}
	if whole {
		m.Weights = weights(m.Format, m.Tensors, sums)
	}
	return nil
}

// weights is the BLAKE3-256 of the line "cairn weights 1", the line of the
// format, and of each tensor, in the order of the names' bytes: its name and
// type, each after its length; 1 if the first index varies fastest and 0 if
// not; the number of dimensions; each of them; and its digest. Lengths and
// numbers take 8 bytes, the lowest first, and the digest 32.
func weights(format string, tensors []Tensor, sums [][]byte) string {
	order := make([]int, len(tensors))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(tensors[i].Name, tensors[j].Name) })

	h := blake3.New()
	var b []byte
	number := func(n int64) { b = binary.LittleEndian.AppendUint64(b, uint64(n)) }
	text := func(s string) { number(int64(len(s))); b = append(b, s...) }
	io.WriteString(h, "cairn weights 1\n"+format+"\n")
	for _, i := range order {
		t := tensors[i]
		b = b[:0]
		text(t.Name)
		text(t.DType)
		if t.Fortran {
			number(1)
		} else {
			number(0)
		}
		number(int64(len(t.Shape)))
		for _, d := range t.Shape {
			number(d)
		}
		h.Write(append(b, sums[i]...))
	}
	return digestText(h.Sum(nil))
}

func digestText(sum []byte) string { return "b3:" + hex.EncodeToString(sum) }
