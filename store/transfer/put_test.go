package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/transfer"
)

func upload(t *testing.T, b []byte) *transfer.Upload {
	t.Helper()
	return &transfer.Upload{Key: "key", Body: storetest.Body(b), Sum: sum(t, b)}
}

func expect(t *testing.T, s store.Store, want []byte) {
	t.Helper()
	r, info, err := s.Open(t.Context(), "key", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make([]byte, info.Size)
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the object has %d bytes, not the %d it should: %v", len(got), len(want), err)
	}
}

// left returns how many compositions nobody has completed or discarded.
func left(t *testing.T, s store.Composer) int {
	t.Helper()
	c, err := s.Compositions(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	return len(c)
}

func TestSumParts(t *testing.T) {
	for _, n := range []int{0, 1, transfer.PartBytes, transfer.PartBytes + 1, 2 * transfer.PartBytes, 5*transfer.PartBytes/2 + 7} {
		b := random(n)
		var want []store.Checksum
		for off := 0; n > transfer.PartBytes && off < n; off += transfer.PartBytes {
			want = append(want, store.ChecksumOf(b[off:min(n, off+transfer.PartBytes)]))
		}
		got := sum(t, b)
		if !reflect.DeepEqual(got.Parts, want) || got.Checksum != store.ChecksumOf(b) {
			t.Errorf("%d bytes: %+v", n, got)
		}
		text, err := json.Marshal(got)
		var back transfer.Sum
		if err := errors.Join(err, json.Unmarshal(text, &back)); err != nil || !reflect.DeepEqual(back, got) {
			t.Errorf("%d bytes: as JSON it is %s: %v", n, text, err)
		}
	}
}

var base = sync.OnceValue(func() []byte { return random(34 * mib) })

// changed stores the object base, and returns the same but for some bytes in the middle.
func changed(t *testing.T, s store.Store) (b []byte, copies []transfer.Copy) {
	t.Helper()
	base := base()
	if err := s.Create(t.Context(), "base", storetest.Body(base), store.ChecksumOf(base)); err != nil {
		t.Fatal(err)
	}
	b = append([]byte("new"), base...)
	copy(b[20*mib:], "changed")
	return b, []transfer.Copy{
		{Off: 3, Size: 15 * mib, From: "base"},
		{Off: 3 + 15*mib, Size: 4 * mib, From: "base", FromOff: 15 * mib},
		{Off: 21 * mib, Size: int64(len(b)) - 21*mib, From: "base", FromOff: 21*mib - 3},
	}
}

// Each call of an upload fails, before or after it took effect.
func TestPutFaults(t *testing.T) {
	for _, copying := range []bool{false, true} {
		for _, fault := range []storetest.Fault{storetest.FailsBefore, storetest.LostAnswer} {
			var u *transfer.Upload
			for at := 0; ; at++ {
				var suffered string
				synctest.Test(t, func(t *testing.T) {
					inner := mem.New()
					b, copies := changed(t, inner)
					if u == nil {
						u = upload(t, b)
						u.Resume = true
					}
					if copying {
						u.Copies = copies
					}
					s := storetest.NewFaulty(inner, at, fault)
					m := new(transfer.Meter)
					err := transfer.NewEngine(s, m).Put(t.Context(), u)
					if suffered = s.Suffered(); err != nil {
						t.Errorf("%s at %q: %v", fault, suffered, err)
						return
					}
					expect(t, inner, b)
					if n := left(t, inner); n > 1 || n == 1 && !strings.HasPrefix(suffered, "compose") && !strings.HasPrefix(suffered, "abort") {
						t.Errorf("%s at %q: %d compositions are left", fault, suffered, n)
					}
					if moved, all := m.Moved.Load()+m.Copied.Load(), int64(len(b)); moved != all || copying == (m.Moved.Load() > 10*mib) {
						t.Errorf("%s at %q: %d bytes sent and %d copied, of %d", fault, suffered, m.Moved.Load(), m.Copied.Load(), all)
					}
					if wants := suffered != "" && !strings.HasPrefix(suffered, "abort"); (m.Retries.Load() > 0) != wants {
						t.Errorf("%s at %q: %d retries were counted", fault, suffered, m.Retries.Load())
					}
				})
				if suffered == "" {
					break
				}
			}
		}
	}
}

// Wherever an upload is killed, the next one finishes it, and sends again little.
func TestPutAfterCrash(t *testing.T) {
	b := random(70 * mib)
	u := upload(t, b)
	u.Resume, u.Park = true, true
	for at := 0; ; at++ {
		inner := mem.New()
		s := storetest.NewFaulty(inner, at, storetest.CrashAfter)
		err := transfer.NewEngine(s, nil).Put(t.Context(), u)
		if s.Suffered() == "" {
			if err != nil {
				t.Error(err)
			}
			return
		}
		m := new(transfer.Meter)
		if err := transfer.NewEngine(inner, m).Put(t.Context(), u); err != nil {
			t.Errorf("after a crash at %q: %v", s.Suffered(), err)
			continue
		}
		expect(t, inner, b)
		if n := left(t, inner); n > 0 {
			t.Errorf("after a crash at %q: %d compositions are left", s.Suffered(), n)
		}
		if m.Moved.Load()+m.Reused.Load() != int64(len(b)) && s.Suffered() != "complete key" {
			t.Errorf("after a crash at %q: %d bytes sent and %d there already", s.Suffered(), m.Moved.Load(), m.Reused.Load())
		}
	}
}

// A limping store lets so many parts through, and then calls a function.
type limping struct {
	*mem.Store
	parts atomic.Int32
	after int32
	then  func() error
	done  sync.WaitGroup // the parts that were let through
}

type limpingComposition struct {
	store.Composition
	s *limping
}

func (s *limping) Compose(ctx context.Context, key string, size int64, o *store.ComposeOptions) (store.Composition, error) {
	c, err := s.Store.Compose(ctx, key, size, o)
	s.done.Add(int(s.after))
	return &limpingComposition{c, s}, err
}

func (c *limpingComposition) Put(ctx context.Context, p store.Part, body *io.SectionReader) (store.Part, error) {
	if c.s.parts.Add(1) > c.s.after {
		c.s.done.Wait()
		return p, c.s.then()
	}
	defer c.s.done.Done()
	return c.Composition.Put(ctx, p, body)
}

func TestPutParks(t *testing.T) {
	b := random(130*mib + 5)
	for _, park := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		inner := mem.New()
		s := &limping{Store: inner, after: 7, then: func() error { cancel(); return context.Canceled }}
		u := upload(t, b)
		u.Park = park
		if err := transfer.NewEngine(s, nil).Put(ctx, u); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if n := left(t, inner); n == 1 != park {
			t.Fatalf("parking is %v, and %d compositions are left", park, n)
		}
		u.Resume = true
		m := new(transfer.Meter)
		if err := transfer.NewEngine(inner, m).Put(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		expect(t, inner, b)
		most := int64(len(b))
		if park {
			most -= 6 * transfer.PartBytes // and the last one, which is smaller
		}
		if m.Moved.Load() > most || m.Moved.Load()+m.Reused.Load() != int64(len(b)) {
			t.Errorf("parking is %v, and %d bytes are sent, %d are there", park, m.Moved.Load(), m.Reused.Load())
		}
	}
}

// A part that the store refuses, and a file that is not the one that was summed, are
// final: nothing is left.
func TestPutOfChangedFile(t *testing.T) {
	b := random(50 * mib)
	for name, change := range map[string]func(u *transfer.Upload){
		"other bytes": func(u *transfer.Upload) {
			other := bytes.Clone(b)
			other[30*mib]++
			u.Body = storetest.Body(other)
		},
		"shorter": func(u *transfer.Upload) {
			u.Body = io.NewSectionReader(bytes.NewReader(b[:40*mib]), 0, int64(len(b)))
		},
		"other sum": func(u *transfer.Upload) { u.Sum.Checksum.CRC64NVME++ },
		"no sums of parts": func(u *transfer.Upload) {
			u.Sum.Parts = nil
			u.Sum.Checksum.CRC32C++
		},
	} {
		s := mem.New()
		u := upload(t, b)
		u.Park = true
		change(u)
		err := transfer.NewEngine(s, nil).Put(t.Context(), u)
		if name != "shorter" && !errors.Is(err, store.ErrChecksum) || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if left(t, s) != 0 {
			t.Errorf("%s: parts are left", name)
		}
		if _, err := s.Stat(t.Context(), "key"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: there is an object: %v", name, err)
		}
	}
}

func TestPutWithoutSumsOfParts(t *testing.T) {
	b := random(50 * mib)
	u := upload(t, b)
	u.Sum.Parts = nil
	s := mem.New()
	if err := transfer.NewEngine(s, nil).Put(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	expect(t, s, b)
}

// An object that is there already was stored by an earlier attempt.
func TestPutAgain(t *testing.T) {
	s, u := mem.New(), upload(t, base())
	for range 2 {
		if err := transfer.NewEngine(s, nil).Put(t.Context(), u); err != nil || left(t, s) != 0 {
			t.Errorf("%v, and %d are left", err, left(t, s))
		}
	}
	short := upload(t, base()[:33*mib])
	if err := transfer.NewEngine(s, nil).Put(t.Context(), short); !errors.Is(err, transfer.ErrCorrupt) || left(t, s) != 0 {
		t.Errorf("one of another size: %v, and %d are left", err, left(t, s))
	}
}

// Copies that cannot be made are sent.
func TestPutWithoutCopies(t *testing.T) {
	for name, change := range map[string]func(u *transfer.Upload, s *mem.Store){
		"absent":    func(_ *transfer.Upload, s *mem.Store) { s.Delete(context.Background(), "base") },
		"beyond":    func(u *transfer.Upload, _ *mem.Store) { u.Copies[2].FromOff += mib },
		"other":     func(u *transfer.Upload, _ *mem.Store) { u.Copies[2].FromOff -= mib },
		"no copies": func(_ *transfer.Upload, s *mem.Store) { s.PartLimits.MinCopy = 0 },
	} {
		s, m := mem.New(), new(transfer.Meter)
		b, copies := changed(t, s)
		u := upload(t, b)
		u.Copies = copies
		change(u, s)
		if err := transfer.NewEngine(s, m).Put(t.Context(), u); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		expect(t, s, b)
		if m.Moved.Load() != int64(len(b)) || m.Copied.Load() != 0 || left(t, s) != 0 {
			t.Errorf("%s: %d bytes sent and %d copied of %d; %d are left", name, m.Moved.Load(), m.Copied.Load(), len(b), left(t, s))
		}
	}
}

// A store that composes, and has no copies after all, is sent parts.
func TestPutWhereCopiesAreUnsupported(t *testing.T) {
	s, m := mem.New(), new(transfer.Meter)
	b, copies := changed(t, s)
	u := upload(t, b)
	u.Copies = copies
	if err := transfer.NewEngine(copyless{s}, m).Put(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	expect(t, s, b)
	if m.Requests.Load() != 2+3+1 { // Compose twice, the parts, Complete
		t.Errorf("%d requests", m.Requests.Load())
	}
}

type copyless struct{ *mem.Store }

func (s copyless) Compose(ctx context.Context, key string, size int64, o *store.ComposeOptions) (store.Composition, error) {
	if o.Copies {
		return nil, &store.Error{Op: "create", Key: key, Err: errors.ErrUnsupported}
	}
	return s.Store.Compose(ctx, key, size, o)
}

// A store that composes nothing is sent the object whole.
func TestPutToPlainStore(t *testing.T) {
	b := random(40 * mib)
	for name, s := range map[string]store.Store{
		"no composer":             struct{ store.Store }{mem.New()},
		"a prefix of none":        store.WithPrefix(struct{ store.Store }{mem.New()}, "a/"),
		"a composer that is none": refusing{mem.New()},
	} {
		m := new(transfer.Meter)
		if err := transfer.NewEngine(s, m).Put(t.Context(), upload(t, b)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		expect(t, s, b)
		if m.Moved.Load() != int64(len(b)) {
			t.Errorf("%s: %d bytes were counted", name, m.Moved.Load())
		}
	}
}

type refusing struct{ *mem.Store }

func (refusing) Compose(context.Context, string, int64, *store.ComposeOptions) (store.Composition, error) {
	return nil, &store.Error{Op: "create", Key: "key", Err: errors.ErrUnsupported}
}

// Bodies come from the file itself, and each of their bytes is counted once.
func TestPutFromFile(t *testing.T) {
	b := random(50*mib + 3)
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, append([]byte("before"), b...), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	u := upload(t, b)
	u.Body = io.NewSectionReader(io.NewSectionReader(f, 2, 1<<40), 4, int64(len(b)))
	s, m := &sending{Store: mem.New()}, new(transfer.Meter)
	if err := transfer.NewEngine(s, m).Put(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	expect(t, s, b)
	if s.files.Load() != 4 || m.Moved.Load() != int64(len(b)) {
		t.Errorf("%d of four parts came from a file, and %d bytes of %d were counted", s.files.Load(), m.Moved.Load(), len(b))
	}
}

// A sending store tells the body that its bytes went from the file, as drivers do,
// and each part twice.
type sending struct {
	*mem.Store
	files atomic.Int32
}

func (s *sending) Compose(ctx context.Context, key string, size int64, o *store.ComposeOptions) (store.Composition, error) {
	c, err := s.Store.Compose(ctx, key, size, o)
	return &sendingComposition{c, s}, err
}

type sendingComposition struct {
	store.Composition
	s *sending
}

func (c *sendingComposition) Put(ctx context.Context, p store.Part, body *io.SectionReader) (store.Part, error) {
	r, off, n := body.Outer()
	file, ok := r.(store.FileReader)
	if !ok {
		return p, fmt.Errorf("the body is a %T", r)
	}
	c.s.files.Add(1)
	for range 2 {
		for at := off; at < off+n; at += 300_000 {
			file.Sent(at, min(300_000, off+n-at))
		}
	}
	return c.Composition.Put(ctx, p, io.NewSectionReader(file.File(), off, n))
}

// The error of a part says which one it is, of what, and how often it was tried.
func TestPutNamesThePart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &limping{Store: mem.New(), after: 2, then: func() error {
			return &store.Error{Op: "create", Key: "key", Err: fmt.Errorf("%w: connection reset", store.ErrTemporary)}
		}}
		err := transfer.NewEngine(s, nil).Put(t.Context(), upload(t, random(70*mib)))
		if err == nil || !strings.Contains(err.Error(), " of 5, attempt 6: create key: temporary failure: connection reset") {
			t.Errorf("got %v", err)
		}
	})
}

// A server that lets only half of the requests in gets no more than it must.
func TestThrottling(t *testing.T) {
	b := random(130 * mib)
	u := upload(t, b)
	for _, part := range []int32{2, 4} {
		synctest.Test(t, func(t *testing.T) {
			inner := mem.New()
			var calls atomic.Int32
			s := &throttling{Store: inner, refuse: func() bool { return calls.Add(1)%part != 0 }}
			m := new(transfer.Meter)
			if err := transfer.NewEngine(s, m).Put(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			expect(t, inner, b)
			needed := int64(len(b)/transfer.PartBytes + 1)
			if n := m.Requests.Load(); part == 2 && float64(n) > 2.5*float64(needed) {
				t.Errorf("%d requests for %d", n, needed)
			}
			if s.most > 16 {
				t.Errorf("%d requests at once", s.most)
			}
		})
	}
}

// A throttling store refuses parts.
type throttling struct {
	*mem.Store
	refuse func() bool

	mu        sync.Mutex
	now, most int
}

func (s *throttling) Compose(ctx context.Context, key string, size int64, o *store.ComposeOptions) (store.Composition, error) {
	c, err := s.Store.Compose(ctx, key, size, o)
	return &throttlingComposition{c, s}, err
}

type throttlingComposition struct {
	store.Composition
	s *throttling
}

func (c *throttlingComposition) Put(ctx context.Context, p store.Part, body *io.SectionReader) (store.Part, error) {
	c.s.mu.Lock()
	c.s.now++
	c.s.most = max(c.s.most, c.s.now)
	c.s.mu.Unlock()
	defer func() {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.now--
	}()
	if c.s.refuse() {
		return p, &store.Error{Op: "create", Key: "key", Err: store.ErrThrottled}
	}
	return c.Composition.Put(ctx, p, body)
}
