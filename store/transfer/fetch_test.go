package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
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

func create(t *testing.T, b []byte) *mem.Store {
	t.Helper()
	s := mem.New()
	if err := s.Create(t.Context(), "key", storetest.Body(b), store.ChecksumOf(b)); err != nil {
		t.Fatal(err)
	}
	return s
}

func file(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(t.TempDir(), name), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func content(t *testing.T, f *os.File) []byte {
	t.Helper()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A stopping store calls a function once so many bytes were read of it.
type stopping struct {
	store.Store
	left atomic.Int64
	then func()
}

func (s *stopping) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	r, info, err := s.Store.Open(ctx, key, off, n)
	return stoppingBody{r, ctx, s}, info, err
}

type stoppingBody struct {
	io.ReadCloser
	ctx context.Context
	s   *stopping
}

func (b stoppingBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), 100_000)])
	if b.s.left.Add(-int64(n)) < 0 {
		b.s.then()
	}
	return n, err
}

// A fetch that was cut off goes on, whatever has become of its file and journal.
func TestFetchResumes(t *testing.T) {
	const segment = 256 << 10
	b := random(90*mib + 12345)
	s := create(t, b)
	for name, test := range map[string]struct {
		damage func(t *testing.T, to, journal *os.File)
		again  int64 // bytes, at most
	}{
		"as it was":        {func(*testing.T, *os.File, *os.File) {}, 40 * mib},
		"other bytes":      {func(_ *testing.T, to, _ *os.File) { to.WriteAt(make([]byte, 3*mib), 10*mib) }, 44 * mib},
		"a torn record":    {func(t *testing.T, _, j *os.File) { j.Truncate(int64(len(content(t, j))) - 7) }, 40*mib + segment},
		"a wrong record":   {func(t *testing.T, _, j *os.File) { j.WriteAt([]byte{1, 2, 3}, 14+8+32+20) }, 40*mib + segment},
		"a wrong number":   {func(t *testing.T, _, j *os.File) { j.WriteAt([]byte{0xff, 0xff, 0xff}, 14+8+32) }, 40*mib + segment},
		"of another":       {func(t *testing.T, _, j *os.File) { j.WriteAt([]byte{0xff}, 14) }, 1 << 40},
		"no journal":       {func(t *testing.T, _, j *os.File) { j.Truncate(0) }, 1 << 40},
		"no file":          {func(t *testing.T, to, _ *os.File) { to.Truncate(0) }, 1 << 40},
		"a longer file":    {func(t *testing.T, to, _ *os.File) { to.Truncate(100 * mib) }, 40 * mib},
		"zeros in journal": {func(t *testing.T, _, j *os.File) { j.Truncate(1 << 20) }, 40*mib + segment},
	} {
		t.Run(name, func(t *testing.T) {
			d := &transfer.Download{Key: "key", Size: int64(len(b)), Digest: layout.Sum(b), To: file(t, "to"), Journal: file(t, "journal")}
			ctx, cancel := context.WithCancel(t.Context())
			cut := &stopping{Store: s, then: cancel}
			cut.left.Store(60 * mib)
			if err := transfer.NewEngine(cut, nil).Fetch(ctx, d); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			test.damage(t, d.To, d.Journal)
			m := new(transfer.Meter)
			if err := transfer.NewEngine(s, m).Fetch(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(content(t, d.To), b) {
				t.Error("other bytes")
			}
			if moved := m.Moved.Load(); moved > test.again || moved+m.Reused.Load() != int64(len(b)) {
				t.Errorf("%d bytes were fetched and %d there already", moved, m.Reused.Load())
			}
			// Once more there is nothing to fetch.
			m = new(transfer.Meter)
			if err := transfer.NewEngine(s, m).Fetch(t.Context(), d); err != nil || m.Requests.Load() != 0 {
				t.Errorf("once more: %v, %d requests", err, m.Requests.Load())
			}
		})
	}
}

// After a wrong object nothing is believed that came of it.
func TestFetchForgetsWhatIsCorrupt(t *testing.T) {
	b := random(20 * mib)
	wrong := bytes.Clone(b)
	wrong[7*mib]++
	d := &transfer.Download{Key: "key", Size: int64(len(b)), Digest: layout.Sum(b), To: file(t, "to"), Journal: file(t, "journal")}
	if err := transfer.NewEngine(create(t, wrong), nil).Fetch(t.Context(), d); !errors.Is(err, transfer.ErrCorrupt) {
		t.Fatal(err)
	}
	m := new(transfer.Meter)
	if err := transfer.NewEngine(create(t, b), m).Fetch(t.Context(), d); err != nil || m.Moved.Load() != int64(len(b)) {
		t.Errorf("%v, %d bytes fetched", err, m.Moved.Load())
	}
	if !bytes.Equal(content(t, d.To), b) {
		t.Error("other bytes")
	}
}

// A file that the disk has no room for costs no request.
func TestFetchWithoutRoom(t *testing.T) {
	m := new(transfer.Meter)
	d := &transfer.Download{Key: "key", Size: 1 << 60, To: file(t, "to")}
	err := transfer.NewEngine(create(t, nil), m).Fetch(t.Context(), d)
	if err == nil || errors.Is(err, transfer.ErrCorrupt) || m.Requests.Load() != 0 {
		t.Errorf("%v after %d requests", err, m.Requests.Load())
	}
}

// Each request of a fetch may fail once, on the way or at its beginning.
func TestFetchFaults(t *testing.T) {
	b := random(40*mib + 1)
	s := create(t, b)
	for at := 0; ; at++ {
		for _, fault := range []storetest.Fault{storetest.FailsBefore, storetest.LostAnswer} {
			m := new(transfer.Meter)
			faulty := storetest.NewFaulty(s, at, fault)
			got, err := fetch(t, faulty, int64(len(b)), layout.Sum(b), m)
			if err != nil || !bytes.Equal(got, b) || m.Moved.Load() != int64(len(b)) {
				t.Errorf("%s at request %d: %v, %d bytes counted", fault, at, err, m.Moved.Load())
			}
			if faulty.Suffered() == "" {
				return
			}
		}
	}
}

func BenchmarkFetch(b *testing.B) {
	body := random(256 * mib)
	s := mem.New()
	if err := s.Create(b.Context(), "key", storetest.Body(body), store.ChecksumOf(body)); err != nil {
		b.Fatal(err)
	}
	to, err := os.Create(filepath.Join(b.TempDir(), "to"))
	if err != nil {
		b.Fatal(err)
	}
	defer to.Close()
	e, d := transfer.NewEngine(s, nil), &transfer.Download{Key: "key", Size: int64(len(body)), Digest: layout.Sum(body), To: to}
	b.SetBytes(d.Size)
	for b.Loop() {
		if err := e.Fetch(b.Context(), d); err != nil {
			b.Fatal(err)
		}
	}
}
