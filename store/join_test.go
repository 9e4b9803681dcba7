package store_test

import (
	"math/rand/v2"
	"testing"

	"github.com/cairnstore/cairn/store"
)

func TestJoin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		b := make([]byte, r.IntN(5000))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		at := r.IntN(len(b) + 1)
		first, second := store.ChecksumOf(b[:at]), store.ChecksumOf(b[at:])
		if got, want := store.NewJoiner(int64(len(b)-at)).Join(first, second), store.ChecksumOf(b); got != want {
			t.Fatalf("%d and %d bytes: %x, not %x", at, len(b)-at, got, want)
		}
	}
}
