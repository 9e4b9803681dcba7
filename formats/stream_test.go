package formats

import (
	"math/rand/v2"
	"testing"

	"github.com/zeebo/blake3"
)

// Both implementations agree, however the bytes are cut.
func TestStreams(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]byte, 40*leafBytes)
	for i := range all {
		all[i] = byte(r.Uint32())
	}
	for _, size := range []int{0, 1, 1023, 1024, 1025, leafBytes - 1, leafBytes, leafBytes + 1, 2 * leafBytes, 3*leafBytes + 5, 7 * leafBytes, 8 * leafBytes, 40 * leafBytes} {
		want := blake3.NewDeriveKey(columnContext)
		want.Write(all[:size])
		for range 10 {
			s := &treeStream{key: columnKey}
			for rest := all[:size]; len(rest) > 0; {
				n := min(len(rest), 1+r.IntN(1<<r.IntN(20)))
				s.Write(rest[:n])
				rest = rest[n:]
			}
			if got := s.Sum(nil); string(got) != string(want.Sum(nil)) {
				t.Fatalf("%d bytes: %x, not %x", size, got, want.Sum(nil))
			}
		}
	}
}

func BenchmarkStreams(b *testing.B) {
	piece := make([]byte, pieceBytes-20)
	for name, s := range map[string]stream{"zeebo": blake3.NewDeriveKey(columnContext), "tree": &treeStream{key: columnKey}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(piece)))
			for b.Loop() {
				s.Write(piece)
			}
		})
	}
}
