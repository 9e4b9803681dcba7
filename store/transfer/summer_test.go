package transfer_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cairnstore/cairn/store/transfer"
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

// countingReader counts the bytes that are read.
type countingReader struct {
	io.ReaderAt
	n atomic.Int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n.Add(int64(n))
	return n, err
}

// A Summer has the Sum of a stream, whatever was read in whatever order.
func TestSummer(t *testing.T) {
	const segment = 256 << 10
	for _, size := range []int{0, 1, 1023, 1024, 1025, 16 << 10, 16<<10 + 1, 100_000, segment - 1, segment, segment + 1,
		2 * segment, 3*segment - 5, 5*segment + 1025, 31*segment + 7, 64 * segment, 80 * segment} {
		b := randomBytes(size)
		want, err := transfer.SumOf(t.Context(), bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		source := &countingReader{ReaderAt: bytes.NewReader(b)}
		s := transfer.NewSummer(source, int64(size))
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() { readRanges(t, s, b, rand.New(rand.NewPCG(1, uint64(worker)))) })
		}
		wg.Wait()
		for range 2 {
			got, err := s.Sum(t.Context())
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%d bytes: %+v, %v; want %+v", size, got, err, want)
			}
		}
		for _, cores := range []int{1, 3} {
			if got, err := transfer.SumFile(t.Context(), bytes.NewReader(b), int64(size), cores); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%d bytes on %d cores: %+v, %v; want %+v", size, cores, got, err, want)
			}
		}
		if n := source.n.Load(); size <= 64*segment && n != int64(size) {
			t.Errorf("%d bytes were read of %d", n, size)
		}
	}
}

func readRanges(t *testing.T, s *transfer.Summer, b []byte, r *rand.Rand) {
	for range 20 {
		start := r.IntN(len(b) + 1)
		p := make([]byte, r.IntN(400_000))
		n, err := s.ReadAt(p, int64(start))
		if want := min(len(p), len(b)-start); n != want || err != nil && err != io.EOF || (err == io.EOF) != (n < len(p)) {
			t.Errorf("%d bytes at %d of %d: %d, %v", len(p), start, len(b), n, err)
		}
		if !bytes.Equal(p[:n], b[start:start+n]) {
			t.Errorf("other bytes at %d", start)
		}
	}
}

// A file that was cut, or that cannot be read, has no Sum.
func TestSummerOfBrokenFile(t *testing.T) {
	b := randomBytes(1 << 20)
	if _, err := transfer.NewSummer(bytes.NewReader(b[:len(b)-1]), int64(len(b))).Sum(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that was cut: %v", err)
	}
	f := &flaky{ReaderAt: bytes.NewReader(b)}
	s := transfer.NewSummer(f, int64(len(b)))
	if _, err := s.ReadAt(make([]byte, 10), 5); !errors.Is(err, errFlaky) {
		t.Errorf("a failure is not told: %v", err)
	}
	want, _ := transfer.SumOf(t.Context(), bytes.NewReader(b))
	if got, err := s.Sum(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("after a failure: %+v, %v", got, err)
	}
}

var errFlaky = errors.New("flaky")

// flaky fails once.
type flaky struct {
	io.ReaderAt
	failed atomic.Bool
}

func (f *flaky) ReadAt(p []byte, off int64) (int, error) {
	if !f.failed.Swap(true) {
		return 0, errFlaky
	}
	return f.ReaderAt.ReadAt(p, off)
}

func BenchmarkSum(b *testing.B) {
	data := randomBytes(256 << 20)
	b.Run("stream", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			transfer.SumOf(b.Context(), bytes.NewReader(data))
		}
	})
	b.Run("file", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			transfer.SumFile(b.Context(), bytes.NewReader(data), int64(len(data)), runtime.GOMAXPROCS(0))
		}
	})
}
