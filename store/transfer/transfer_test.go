package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/transfer"
)

const mib = 1 << 20

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

func sum(t *testing.T, b []byte) transfer.Sum {
	t.Helper()
	s, err := transfer.SumOf(t.Context(), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMeterCountsTime(t *testing.T) {
	m, b := new(transfer.Meter), random(1<<20)
	transfer.SumOf(t.Context(), m.Hashing(bytes.NewReader(b)))
	stream := m.HashNanos.Load()
	transfer.SumFile(t.Context(), m.HashingAt(bytes.NewReader(b)), 1<<20, 2)
	if stream == 0 || m.HashNanos.Load() == stream || m.Hashed.Load() != 2<<20 {
		t.Errorf("%d ns, and then %d, for %d bytes", stream, m.HashNanos.Load(), m.Hashed.Load())
	}
}

// The three sums of "123456789" are the check values of their definitions.
func TestSumOf(t *testing.T) {
	got := sum(t, []byte("123456789"))
	if got.Size != 9 || got.Checksum.CRC32C != 0xe3069283 || got.Checksum.CRC64NVME != 0xae8b14860a799888 {
		t.Errorf("got %+v", got)
	}
	const b3 = "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" // of nothing, from the BLAKE3 paper's vectors
	if got := sum(t, nil); got.Digest.String() != b3 || got.Size != 0 {
		t.Errorf("of nothing: %+v", got)
	}
	for _, n := range []int{1, 1023, 256<<10 - 1, 256 << 10, 256<<10 + 1, 3 * mib} {
		b := random(n)
		if got := sum(t, b); got.Digest != layout.Sum(b) || got.Checksum != store.ChecksumOf(b) {
			t.Errorf("of %d bytes: %+v", n, got)
		}
	}
}

func fetch(t *testing.T, s store.Store, size int64, digest layout.Digest, m *transfer.Meter) ([]byte, error) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = transfer.NewEngine(s, m).Fetch(t.Context(), &transfer.Download{Key: "key", Size: size, Digest: digest, To: f})
	b, readErr := os.ReadFile(f.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return b, err
}

func TestPutAndFetch(t *testing.T) {
	for _, n := range []int{0, 1, 8*mib - 1, 8 * mib, 8*mib + 1, 50*mib + 17} {
		s, b := mem.New(), random(n)
		var up, down transfer.Meter
		sum := sum(t, b)
		if err := transfer.NewEngine(s, &up).Put(t.Context(), &transfer.Upload{Key: "key", Body: storetest.Body(b), Sum: sum}); err != nil {
			t.Fatal(err)
		}
		got, err := fetch(t, s, sum.Size, sum.Digest, &down)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%d bytes came back as %d others: %v", n, len(got), err)
		}
		if up.Moved.Load() != int64(n) || down.Moved.Load() != int64(n) {
			t.Errorf("%d bytes were counted as %d up and %d down", n, up.Moved.Load(), down.Moved.Load())
		}
		// An earlier attempt's object is left alone.
		if err := transfer.NewEngine(s, nil).Put(t.Context(), &transfer.Upload{Key: "key", Body: storetest.Body(b), Sum: sum}); err != nil {
			t.Errorf("again: %v", err)
		}
	}
}

// Every request of a fetch may fail once.
func TestFetchGoesOn(t *testing.T) {
	b := random(20 * mib)
	sum := sum(t, b)
	inner := mem.New()
	if err := transfer.NewEngine(inner, nil).Put(t.Context(), &transfer.Upload{Key: "key", Body: storetest.Body(b), Sum: sum}); err != nil {
		t.Fatal(err)
	}
	for at := range 3 {
		got, err := fetch(t, storetest.NewFaulty(inner, at, storetest.FailsBefore), sum.Size, sum.Digest, nil)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("request %d fails: %v", at, err)
		}
	}
	cut := &cutting{Store: inner}
	if got, err := fetch(t, cut, sum.Size, sum.Digest, nil); err != nil || !bytes.Equal(got, b) {
		t.Errorf("streams that break: %v", err)
	}
	if cut.cuts.Load() == 0 {
		t.Error("no stream broke")
	}
}

// A cutting store ends the first streams early, without an error, as some
// proxies do.
type cutting struct {
	store.Store
	cuts atomic.Int32
}

func (s *cutting) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	r, info, err := s.Store.Open(ctx, key, off, n)
	if err == nil && s.cuts.Add(1) <= 3 {
		r = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(r, 1000), r}
	}
	return r, info, err
}

func TestFetchRefusesOtherBytes(t *testing.T) {
	b := random(20 * mib)
	want := sum(t, b)
	for name, stored := range map[string][]byte{
		"flipped":  append(append([]byte{}, b[:15*mib]...), append([]byte{b[15*mib] ^ 1}, b[15*mib+1:]...)...),
		"shorter":  b[:len(b)-1],
		"longer":   append(append([]byte{}, b...), 0),
		"empty":    nil,
		"replaced": random(20*mib + 1)[:20*mib],
	} {
		s := mem.New()
		if err := s.Create(t.Context(), "key", storetest.Body(stored), store.ChecksumOf(stored)); err != nil {
			t.Fatal(err)
		}
		if _, err := fetch(t, s, want.Size, want.Digest, nil); !errors.Is(err, transfer.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := fetch(t, mem.New(), want.Size, want.Digest, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := fetch(t, mem.New(), 0, layout.Sum(nil), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing and empty: %v", err)
	}
}

func TestPutOverOtherObject(t *testing.T) {
	s, b := mem.New(), random(100)
	if err := s.Create(t.Context(), "key", storetest.Body(b[:50]), store.ChecksumOf(b[:50])); err != nil {
		t.Fatal(err)
	}
	if err := transfer.NewEngine(s, nil).Put(t.Context(), &transfer.Upload{Key: "key", Body: storetest.Body(b), Sum: sum(t, b)}); !errors.Is(err, transfer.ErrCorrupt) {
		t.Errorf("an object of another size was taken for this one: %v", err)
	}
}

func TestEachStopsAtFailure(t *testing.T) {
	failure := errors.New("failure")
	var calls atomic.Int32
	err := transfer.Each(t.Context(), 2, make([]int, 1000), func(ctx context.Context, _ int) error {
		if calls.Add(1) == 5 {
			return failure
		}
		return ctx.Err()
	})
	if !errors.Is(err, failure) || calls.Load() == 1000 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := transfer.Each(ctx, 2, make([]int, 10), func(context.Context, int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("what was not done for want of time is no failure: %v", err)
	}
	defer func() {
		if p := recover(); p == nil {
			t.Error("a panic was lost")
		}
	}()
	transfer.Each(t.Context(), 2, []int{0}, func(context.Context, int) error { panic("here") })
}

func BenchmarkSumOf(b *testing.B) {
	body := random(64 * mib)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := transfer.SumOf(b.Context(), bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}
