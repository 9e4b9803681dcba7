package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
)

// A paced store sends each stream at a rate of its own, in pieces.
type paced struct {
	store.Store
	rate   func(off int64, again int) (bytesPerSecond float64) // zero: nothing comes
	opens  atomic.Int64
	served atomic.Int64

	mu   sync.Mutex
	seen map[int64]int // by MiB
}

func (s *paced) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	r, info, err := s.Store.Open(ctx, key, off, n)
	if err != nil {
		return nil, info, err
	}
	s.opens.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = make(map[int64]int)
	}
	slot := off / smallRangeBytes
	s.seen[slot]++
	return &pacedBody{r, ctx, s.rate(slot, s.seen[slot]-1), s}, info, nil
}

type pacedBody struct {
	io.ReadCloser
	ctx  context.Context
	rate float64
	s    *paced
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if b.rate == 0 {
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), 64<<10)])
	time.Sleep(time.Duration(float64(n) / b.rate * float64(time.Second)))
	b.s.served.Add(int64(n))
	return n, err
}

func temporaryFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func stored(t *testing.T, b []byte) *mem.Store {
	t.Helper()
	s := mem.New()
	if err := s.Create(t.Context(), "key", io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), store.ChecksumOf(b)); err != nil {
		t.Fatal(err)
	}
	return s
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8 + i>>16)
	}
	return b
}

// A stream that is far slower than the others, or silent, is begun again where it was:
// no byte comes twice.
func TestFetchLeavesSlowStreams(t *testing.T) {
	body := pattern(64 << 20) // eight ranges
	for name, test := range map[string]struct {
		rate   func(slot int64, again int) float64
		opens  int64
		within time.Duration
	}{
		"all alike": {func(int64, int) float64 { return 10e6 }, 8, 2 * time.Second},
		"one is slow": {func(slot int64, again int) float64 {
			if slot == 3 && again == 0 {
				return 1e6
			}
			return 10e6
		}, 9, 3 * time.Second},
		"one is always slow": {func(slot int64, _ int) float64 {
			if slot == 3 {
				return 1e6
			}
			return 10e6
		}, 11, 10 * time.Second},
		"one is silent": {func(slot int64, again int) float64 {
			if slot == 3 && again < 2 {
				return 0
			}
			return 10e6
		}, 10, 2*silentTime + 3*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inner := stored(t, body)
			to := temporaryFile(t)
			synctest.Test(t, func(t *testing.T) {
				s := &paced{Store: inner, rate: test.rate}
				m := new(Meter)
				began := time.Now()
				err := NewEngine(s, m).Fetch(t.Context(), &Download{Key: "key", Size: int64(len(body)), Digest: layout.Sum(body), To: to})
				if err != nil {
					t.Fatal(err)
				}
				if n := s.opens.Load(); n > test.opens || name == "all alike" && n != test.opens || name != "all alike" && n == 8 {
					t.Errorf("%d requests, want %d", n, test.opens)
				}
				if n := m.Moved.Load(); n != int64(len(body)) {
					t.Errorf("%d bytes were counted", n)
				}
				if n := s.served.Load(); n > int64(len(body))+3*64<<10 {
					t.Errorf("%d bytes came for %d", n, len(body))
				}
				if took := time.Since(began); took > test.within {
					t.Errorf("it took %s", took)
				}
			})
			if got, err := os.ReadFile(to.Name()); err != nil || !bytes.Equal(got, body) {
				t.Errorf("other bytes: %v", err)
			}
		})
	}
}

func TestEngineOpen(t *testing.T) {
	body := pattern(1 << 20)
	s := &breaking{Store: stored(t, body), every: 300_000}
	e := NewEngine(s, nil)
	for _, r := range []struct{ off, n, want int64 }{{0, -1, 1 << 20}, {5, 1000, 1000}, {500_000, 400_000, 400_000}, {1<<20 - 5, 100, 5}, {2 << 20, 10, 0}, {7, 0, 0}, {1 << 20, -1, 0}} {
		synctest.Test(t, func(t *testing.T) {
			body2, err := e.Open(t.Context(), "key", r.off, r.n)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(body2)
			body2.Close()
			from := min(r.off, int64(len(body)))
			if err != nil || !bytes.Equal(got, body[from:from+r.want]) {
				t.Errorf("%+v: %d bytes, %v", r, len(got), err)
			}
		})
	}
	if e.limiter.running != 0 {
		t.Errorf("%d requests are still under way", e.limiter.running)
	}
	if _, err := e.Open(t.Context(), "absent", 0, -1); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("an absent object: %v", err)
	}
}

// A breaking store breaks each stream after so many bytes.
type breaking struct {
	store.Store
	every int64
}

func (s *breaking) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	r, info, err := s.Store.Open(ctx, key, off, n)
	if err != nil {
		return nil, info, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, s.every), failing{}), r}, info, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) {
	return 0, &store.Error{Op: "open", Key: "key", Err: fmt.Errorf("%w: connection reset", store.ErrTemporary)}
}

// A stream that brings nothing ends, and says after how many attempts.
func TestStreamGivesUp(t *testing.T) {
	inner := stored(t, pattern(1000))
	synctest.Test(t, func(t *testing.T) {
		r, err := NewEngine(&breaking{inner, 0}, nil).Open(t.Context(), "key", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); !errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "attempt 6") {
			t.Errorf("got %v", err)
		}
		m := new(Meter)
		quiet := &paced{Store: inner, rate: func(int64, int) float64 { return 0 }}
		if r, err = NewEngine(quiet, m).Open(t.Context(), "key", 0, -1); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); !errors.Is(err, store.ErrTemporary) || m.Requests.Load() != restarts+tries {
			t.Errorf("%v after %d requests", err, m.Requests.Load())
		}
	})
}
